import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder } from '#node/kit'
import type { BareRepository } from './bare-repository.ts'
import { RepoError } from './errors.ts'
import { asRepoError, drained, ErrorWords, ended, failure, git, startGit } from './git.ts'

export interface QuarantineLimits {
  /** Of a pack as it travels. */
  readonly maxPackBytes: number
  /** Of one file. */
  readonly maxBlobBytes: number
}

export const QUARANTINE_LIMITS: QuarantineLimits = { maxPackBytes: 2 * 2 ** 30, maxBlobBytes: 100 * 2 ** 20 }

const PREFIX = 'incoming-'
/** In a `.keep` file, which makes `git gc` leave its pack alone. */
const KEEP = 'vigo: no ref yet\n'
const INDEX_TIMEOUT_MS = 1_800_000

/**
 * Objects that came from another machine and are not believed yet: a folder of their own beside the repository's objects, which git sees only
 * when it is told to. `admit` moves them in after every check; whatever else happens they are removed.
 */
export class Quarantine implements AsyncDisposable {
  readonly #repository: BareRepository
  readonly #folder: string
  readonly #limits: QuarantineLimits
  readonly #locks: string[] = []

  private constructor(repository: BareRepository, folder: string, limits: QuarantineLimits) {
    this.#repository = repository
    this.#folder = folder
    this.#limits = limits
  }

  static async open(repository: BareRepository, limits: Partial<QuarantineLimits> = {}): Promise<Quarantine> {
    const folder = join(repository.folder, 'objects', `${PREFIX}${randomBytes(6).toString('hex')}`)
    try {
      await mkdir(join(folder, 'pack'), { recursive: true, mode: 0o750 })
    } catch (error) {
      throw asRepoError(error, repository.folder)
    }
    return new Quarantine(repository, folder, { ...QUARANTINE_LIMITS, ...limits })
  }

  /** Removes what a process left that was killed. Nobody may be fetching. */
  static async clear(repository: BareRepository): Promise<void> {
    const objects = join(repository.folder, 'objects')
    for (const name of await readdir(objects)) {
      if (name.startsWith(PREFIX)) await rm(join(objects, name), { recursive: true, force: true })
    }
    const packs = join(objects, 'pack')
    for (const name of await readdir(packs)) {
      const isLock = name.endsWith('.keep') && (await readFile(join(packs, name), 'utf8')) === KEEP
      if (isLock) await rm(join(packs, name), { force: true })
    }
  }

  /** For git commands that shall see these objects too. */
  get environment(): Readonly<Record<string, string>> {
    return {
      GIT_OBJECT_DIRECTORY: this.#folder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: join(this.#repository.folder, 'objects'),
    }
  }

  /** Takes a pack, thin or not, checking each object. @throws RepoError 'bad-objects', 'too-large', 'disk-full' */
  async receive(pack: AsyncIterable<Uint8Array>, options: { signal: AbortSignal }): Promise<void> {
    const { maxPackBytes } = this.#limits
    const args = ['index-pack', '--stdin', '--fix-thin', '--strict', `--max-input-size=${maxPackBytes}`]
    const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(INDEX_TIMEOUT_MS)])
    const child = startGit(this.#repository.folder, args, this.environment)
    const words = new ErrorWords(child)
    child.stdout?.resume()
    const stdin = child.stdin
    if (stdin === null) throw new TypeError('git has no input')
    let isOpen = true
    stdin.on('error', () => {
      isOpen = false
    })
    const exit = ended(child, deadline)
    exit.catch(() => undefined)
    let bytes = 0
    try {
      for await (const part of pack) {
        bytes += part.byteLength
        if (bytes > maxPackBytes) throw new RepoError('too-large', `the pack has more than ${maxPackBytes} bytes`)
        if (!isOpen) break
        if (!stdin.write(part)) await drained(stdin)
      }
      stdin.end()
    } catch (error) {
      child.kill('SIGKILL')
      await exit.catch(() => undefined)
      throw error
    }
    const exitCode = await exit
    if (exitCode === 0) return
    const failed = failure(this.#repository.folder, args, exitCode, words.text)
    if (failed.code === 'disk-full') throw failed
    throw new RepoError('bad-objects', `the pack that came was refused: ${failed.message}`, { cause: failed })
  }

  /** That everything that the commits need is here, and no file is too large. @throws RepoError 'bad-objects', 'too-large' */
  async verify(commits: readonly string[], options: { signal: AbortSignal }): Promise<void> {
    const { environment } = this
    const shared = { ...options, environment }
    const repository = this.#repository.folder
    try {
      await git(repository, ['rev-list', '--objects', '--quiet', '--stdin', '--not', '--all'], {
        ...shared,
        stdin: `${commits.join('\n')}\n`,
      })
    } catch (error) {
      options.signal.throwIfAborted()
      throw new RepoError('bad-objects', `what came is not complete: ${error instanceof Error ? error.message : ''}`, {
        cause: error,
      })
    }
    await this.#checkSizes(shared)
  }

  async #checkSizes(options: { signal: AbortSignal }): Promise<void> {
    const { stdout } = await git(
      this.#repository.folder,
      ['cat-file', '--batch-all-objects', '--unordered', '--batch-check=%(objecttype) %(objectsize) %(objectname)'],
      { ...options, environment: { GIT_OBJECT_DIRECTORY: this.#folder } },
    )
    for (const line of stdout.toString('utf8').split('\n')) {
      const [type, size, name] = line.split(' ')
      if (type !== 'blob' || Number(size) <= this.#limits.maxBlobBytes) continue
      throw new RepoError(
        'too-large',
        `a file of ${size} bytes (${name}) is larger than the ${this.#limits.maxBlobBytes} that a project may have`,
      )
    }
  }

  /** Makes the objects the repository's own, durable; refs must point at them before this is disposed of, until then nobody collects them. */
  async admit(): Promise<void> {
    try {
      await this.#admit()
    } catch (error) {
      throw asRepoError(error, this.#repository.folder)
    }
  }

  async #admit(): Promise<void> {
    const from = join(this.#folder, 'pack')
    const to = join(this.#repository.folder, 'objects', 'pack')
    await mkdir(to, { recursive: true })
    for (const name of await readdir(from)) {
      if (!name.endsWith('.pack')) continue
      const lock = name.replace(/pack$/, 'keep')
      await writeFile(join(from, lock), KEEP)
      this.#locks.push(join(to, lock))
    }
    const names = (await readdir(from)).sort(byRank)
    for (const name of names) {
      const file = await open(join(from, name), 'r')
      try {
        await file.sync()
      } finally {
        await file.close()
      }
    }
    for (const name of names) await rename(join(from, name), join(to, name))
    await syncFolder(to)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lock of this.#locks) await rm(lock, { force: true })
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** A pack counts from the moment that its index is there, and must be locked then. */
function byRank(a: string, b: string): number {
  return rankOf(a) - rankOf(b)
}

function rankOf(name: string): number {
  return name.endsWith('.keep') ? 0 : name.endsWith('.idx') ? 2 : 1
}
