import { createHash, randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BareRepository } from './bare-repository.ts'
import { asRepoError, drained, ErrorWords, ended, failure, git, startGit } from './git.ts'
import { filesOf } from './read-files.ts'

export interface Person {
  readonly name: string
  readonly email: string
}

/** A commit that is to be: its whole tree, as bytes or as names of objects that the repository has. */
export interface NewCommit {
  readonly author: Person
  readonly committer: Person
  /** Unix milliseconds; seconds count. */
  readonly authoredAt: number
  readonly committedAt: number
  readonly message: string
  readonly files: ReadonlyMap<string, Uint8Array | string>
}

export interface ComposeOptions {
  /** Of the first commit; each other one follows the one before it. */
  readonly parents: readonly string[]
  readonly commits: Iterable<NewCommit> | AsyncIterable<NewCommit>
  readonly signal: AbortSignal
}

/** Commits that are not in any repository yet. Dispose of it when the pack was taken. */
export interface Composed extends AsyncDisposable {
  readonly tip: string
  /** What the repository does not have of them, thin. */
  pack(): AsyncIterable<Uint8Array>
}

const REF = 'refs/heads/composed'
const TIMEOUT_MS = 600_000

/**
 * Makes commits beside a repository, which stays as it is: they come in as a pack, checked like everybody else's.
 *
 * @throws RepoError 'failed', 'disk-full'
 */
export async function composeCommits(repository: BareRepository, options: ComposeOptions): Promise<Composed> {
  const { signal } = options
  const folder = `${repository.folder}.compose-${randomBytes(6).toString('hex')}`
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await mkdir(folder, { mode: 0o750 })
    await git(folder, ['init', '--quiet', '--bare', '--template=', folder], { signal })
    await mkdir(join(folder, 'objects/info'), { recursive: true })
    await writeFile(join(folder, 'objects/info/alternates'), `${join(repository.folder, 'objects')}\n`)
    await importCommits(repository, folder, options)
    const { stdout } = await git(folder, ['rev-parse', REF], { signal })
    const tip = stdout.toString('utf8').trim()
    return { tip, pack: () => packOf(folder, tip, options), [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw asRepoError(error, folder)
  }
}

async function importCommits(
  repository: BareRepository,
  folder: string,
  { parents, commits, signal }: ComposeOptions,
): Promise<void> {
  const args = ['fast-import', '--quiet', '--done', '--date-format=raw']
  const child = startGit(folder, args)
  const words = new ErrorWords(child)
  child.stdout?.resume()
  const exit = ended(child, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
  exit.catch(() => undefined)
  const { stdin } = child
  if (stdin === null) throw new TypeError('git has no input')
  let isOpen = true
  stdin.on('error', () => {
    isOpen = false
  })
  try {
    let before = await objectsOf(repository, parents[0], signal)
    let links = parents.map((parent, index) => `${index === 0 ? 'from' : 'merge'} ${parent}\n`)
    for await (const commit of commits) {
      if (!isOpen) break
      const after = new Map<string, string>()
      const lines: (string | Uint8Array)[] = [headOf(commit), ...links]
      for (const [path, content] of commit.files) {
        const object = typeof content === 'string' ? content : blobName(content)
        after.set(path, object)
        if (before.get(path) === object) continue
        lines.push(...fileOf(path, content))
      }
      for (const path of before.keys()) if (!after.has(path)) lines.push(`D ${quoted(path)}\n`)
      if (!stdin.write(Buffer.concat([...lines, '\n'].map(asBytes)))) await drained(stdin)
      before = after
      links = []
    }
    stdin.end('done\n')
  } catch (error) {
    child.kill('SIGKILL')
    await exit.catch(() => undefined)
    throw error
  }
  const exitCode = await exit
  if (exitCode !== 0) throw failure(folder, args, exitCode, words.text)
}

/** Without a parent the first commit begins a history. */
async function objectsOf(
  { folder }: BareRepository,
  parent: string | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if (parent === undefined) return new Map()
  return new Map((await filesOf(folder, parent, { signal })).map(({ path, object }) => [path, object]))
}

async function* packOf(
  folder: string,
  tip: string,
  { parents, signal }: ComposeOptions,
): AsyncGenerator<Uint8Array, void> {
  const args = ['pack-objects', '--quiet', '--revs', '--thin', '--stdout', '--delta-base-offset']
  const child = startGit(folder, args)
  const words = new ErrorWords(child)
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(`${[tip, ...parents.map(parent => `^${parent}`)].join('\n')}\n`)
  const exit = ended(child, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
  exit.catch(() => undefined)
  let isRead = false
  try {
    for await (const part of child.stdout ?? []) yield part as Buffer
    isRead = true
  } finally {
    if (!isRead) child.kill('SIGKILL')
  }
  const exitCode = await exit
  if (exitCode !== 0) throw failure(folder, args, exitCode, words.text)
}

function headOf({ author, committer, authoredAt, committedAt, message }: NewCommit): string {
  const text = `${message.replaceAll('\0', '')}\n`
  return [
    `commit ${REF}`,
    `author ${personOf(author)} ${Math.floor(authoredAt / 1000)} +0000`,
    `committer ${personOf(committer)} ${Math.floor(committedAt / 1000)} +0000`,
    `data ${Buffer.byteLength(text)}`,
    text,
  ].join('\n')
}

function fileOf(path: string, content: Uint8Array | string): (string | Uint8Array)[] {
  if (typeof content === 'string') return [`M 100644 ${content} ${quoted(path)}\n`]
  return [`M 100644 inline ${quoted(path)}\ndata ${content.byteLength}\n`, content, '\n']
}

function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
}

function personOf({ name, email }: Person): string {
  const clean = (text: string): string => text.replaceAll(/[<>\p{Cc}]/gu, '').trim()
  return `${clean(name) || 'unknown'} <${clean(email)}>`
}

/** What git calls a file with these bytes. */
export function blobName(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.byteLength}\0`).update(bytes).digest('hex')
}

function asBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content
}
