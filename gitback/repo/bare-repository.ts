import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { codeOf, syncFolder } from '#node/kit'
import { RepoError } from './errors.ts'
import { git } from './git.ts'

export const NO_OBJECT = '0'.repeat(40)

const MAX_REMEMBERED = 1024

const PLAIN_REF = /^refs\/[A-Za-z0-9/._-]+$/

export interface RefMove {
  readonly ref: string
  /** `NO_OBJECT` removes the ref. */
  readonly to: string
  /** Where it must be now; `NO_OBJECT`: nowhere. */
  readonly from: string
}

/** Commits that were made on other machines and are no branch's here, so that they are not collected: `refs/gitback/heads/<hash>`. */
export const KEPT_HEADS = 'refs/gitback/heads/'

/** A bare repository that the system's git can use at any moment, also while this changes it. */
export class BareRepository {
  readonly folder: string
  /** Of pairs of commits, which never changes. */
  readonly #ancestry = new Map<string, boolean>()

  private constructor(folder: string) {
    this.folder = folder
  }

  /** Opens it, or makes it as one step. Debris of an attempt that was killed is cleared. */
  static async open(folder: string, options: { signal?: AbortSignal } = {}): Promise<BareRepository> {
    if (!(await isRepository(folder))) {
      const temporary = `${folder}.new`
      await rm(temporary, { recursive: true, force: true })
      await mkdir(temporary, { recursive: true, mode: 0o750 })
      await git(temporary, ['init', '--quiet', '--bare', '--initial-branch=main', '--template=', temporary], options)
      await rename(temporary, folder)
      await syncFolder(dirname(folder))
    }
    return new BareRepository(folder)
  }

  /** All refs but those of `hidden` prefixes, by name. */
  async refs(options: { signal?: AbortSignal; hidden?: readonly string[] } = {}): Promise<ReadonlyMap<string, string>> {
    const { stdout } = await git(this.folder, ['for-each-ref', '--format=%(objectname) %(refname)'], options)
    const hidden = options.hidden ?? [KEPT_HEADS]
    const lines = stdout.toString('utf8').split('\n').filter(Boolean)
    return new Map(
      lines
        .map((line): [string, string] => [line.slice(41), line.slice(0, 40)])
        .filter(([ref]) => !hidden.some(prefix => ref.startsWith(prefix))),
    )
  }

  async ref(name: string, options: { signal?: AbortSignal } = {}): Promise<string | null> {
    const loose = await this.#looseRef(name)
    if (loose !== null) return loose
    const { exitCode, stdout } = await git(
      this.folder,
      ['rev-parse', '--verify', '--quiet', '--end-of-options', name],
      {
        ...options,
        answers: [1],
      },
    )
    return exitCode === 0 ? stdout.toString('utf8').trim() : null
  }

  /** Moves refs together, each from where it must be. @throws RepoError 'conflict' when one is elsewhere; then none moved */
  async moveRefs(moves: readonly RefMove[], options: { signal?: AbortSignal } = {}): Promise<void> {
    if (moves.length === 0) return
    const commands = moves.map(({ ref, to, from }) =>
      to === NO_OBJECT ? `delete ${ref}\0${from}\0` : `update ${ref}\0${to}\0${from}\0`,
    )
    try {
      await git(this.folder, ['update-ref', '--stdin', '-z'], {
        ...options,
        stdin: ['start\0', ...commands, 'prepare\0', 'commit\0'].join(''),
      })
    } catch (error) {
      if (
        error instanceof RepoError &&
        error.code === 'failed' &&
        /cannot lock ref|reference already exists/.test(error.message)
      ) {
        throw new RepoError('conflict', `a ref of ${this.folder} moved meanwhile: ${error.message}`, { cause: error })
      }
      throw error
    }
  }

  /** Asked anew each time: what nothing refers to is collected at any moment. */
  async has(object: string, options: { signal?: AbortSignal } = {}): Promise<boolean> {
    const { exitCode } = await git(this.folder, ['cat-file', '-e', object], { ...options, answers: [1, 128] })
    return exitCode === 0
  }

  /** False also for what are no commits. */
  async isAncestor(older: string, newer: string, options: { signal?: AbortSignal } = {}): Promise<boolean> {
    if (older === newer) return true
    const pair = `${older} ${newer}`
    const known = this.#ancestry.get(pair)
    if (known !== undefined) return known
    const args = ['merge-base', '--is-ancestor', older, newer]
    const { exitCode } = await git(this.folder, args, { ...options, answers: [1, 128] })
    if (exitCode === 128 && (await this.isCommit(older, options)) && (await this.isCommit(newer, options))) {
      throw new RepoError('failed', `git cannot say how ${older} and ${newer} are related in ${this.folder}`)
    }
    if (exitCode !== 128) {
      if (this.#ancestry.size >= MAX_REMEMBERED) this.#ancestry.clear()
      this.#ancestry.set(pair, exitCode === 0)
    }
    return exitCode === 0
  }

  /** Also of a tag of one. */
  async isCommit(object: string, options: { signal?: AbortSignal } = {}): Promise<boolean> {
    return (await this.ref(`${object}^{commit}`, options)) !== null
  }

  /** Commits that a peer may have too, the newest first: where a fetch begins. */
  async haves(limit: number, options: { signal?: AbortSignal } = {}): Promise<readonly string[]> {
    const { stdout } = await git(this.folder, ['rev-list', '--all', `--max-count=${limit}`], options)
    return stdout.toString('utf8').split('\n').filter(Boolean)
  }

  /** The newest of what the tips build on from before `time` (Unix milliseconds). */
  async before(
    tips: readonly string[],
    time: number,
    options: { signal?: AbortSignal } = {},
  ): Promise<readonly string[]> {
    const since = `--since=${Math.floor(time / 1000)}`
    const { stdout } = await git(this.folder, ['rev-list', '--boundary', since, '--stdin'], {
      ...options,
      stdin: `${tips.join('\n')}\n`,
    })
    const recent = stdout.toString('utf8').split('\n')
    const isNothingNew = !recent.some(line => line !== '' && !line.startsWith('-'))
    return isNothingNew ? tips : recent.filter(line => line.startsWith('-')).map(line => line.slice(1))
  }

  /** Everything that is reachable, checked. @throws RepoError 'failed' */
  async check(options: { signal?: AbortSignal } = {}): Promise<void> {
    await git(this.folder, ['fsck', '--full', '--strict', '--no-dangling'], options)
  }

  /** Packs what is loose and drops what nothing refers to for two weeks; safe beside fetches and pushes. */
  async maintain(options: { signal?: AbortSignal } = {}): Promise<void> {
    await git(this.folder, ['gc', '--quiet', '--prune=2.weeks.ago'], { ...options, timeoutMs: 3_600_000 })
  }

  /** Of a ref that has a file of its own; null for another one, which git finds. A hundredth of the time that git takes to start. */
  async #looseRef(name: string): Promise<string | null> {
    if (!PLAIN_REF.test(name) || name.includes('..')) return null
    const content = await readFile(join(this.folder, name), 'ascii').catch(() => '')
    return /^[0-9a-f]{40}\n$/.test(content) ? content.slice(0, 40) : null
  }

  sizeBytes(): Promise<number> {
    return folderBytes(this.folder)
  }
}

/** Of all files below the folder. */
export async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  const sizes = await Promise.all(
    names.map(name =>
      stat(join(folder, name)).then(
        found => found.size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

async function isRepository(folder: string): Promise<boolean> {
  return await stat(join(folder, 'HEAD')).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    },
  )
}
