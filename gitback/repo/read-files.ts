import { RepoError } from './errors.ts'
import { ErrorWords, ended, failure, startGit } from './git.ts'

/** A file as a commit has it. */
export interface CommittedFile {
  readonly path: string
  /** Git's name of its content. */
  readonly object: string
  readonly mode: string
}

export interface ReadOptions {
  readonly signal: AbortSignal
  /** Of a quarantine, to see its objects too. */
  readonly environment?: Readonly<Record<string, string>>
  /** Of everything that is answered. */
  readonly maxBytes?: number
}

const MAX_BYTES = 512 * 2 ** 20
const TIMEOUT_MS = 120_000

/** Every file of a commit, or of a folder of it (`<commit>:<folder>`). @throws RepoError 'failed', 'too-large' */
export async function filesOf(
  folder: string,
  treeish: string,
  options: ReadOptions,
): Promise<readonly CommittedFile[]> {
  const args = ['ls-tree', '-r', '-z', '--full-tree', treeish]
  const output = await answerOf(folder, args, '', options)
  return output
    .toString('utf8')
    .split('\0')
    .filter(Boolean)
    .map(line => {
      const at = line.indexOf('\t')
      const [mode = '', , object = ''] = line.slice(0, at).split(' ')
      return { mode, object, path: line.slice(at + 1) }
    })
}

/** The contents of objects, by name. @throws RepoError 'failed' when one is missing, 'too-large' */
export async function contentsOf(
  folder: string,
  objects: Iterable<string>,
  options: ReadOptions,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = [...new Set(objects)]
  const contents = new Map<string, Uint8Array>()
  if (names.length === 0) return contents
  const output = await answerOf(folder, ['cat-file', '--batch'], `${names.join('\n')}\n`, options)
  let at = 0
  for (const name of names) {
    const end = output.indexOf(0x0a, at)
    const [, type, size] = output.subarray(at, Math.max(at, end)).toString('latin1').split(' ')
    const bytes = Number(size)
    if (end === -1 || type !== 'blob' || !Number.isSafeInteger(bytes)) {
      throw new RepoError('failed', `the object ${name} is not in ${folder}`)
    }
    contents.set(name, output.subarray(end + 1, end + 1 + bytes))
    at = end + 1 + bytes + 1
  }
  return contents
}

async function answerOf(folder: string, args: readonly string[], input: string, options: ReadOptions): Promise<Buffer> {
  const { maxBytes = MAX_BYTES, environment, signal } = options
  const child = startGit(folder, args, environment)
  const words = new ErrorWords(child)
  const parts: Buffer[] = []
  let bytes = 0
  child.stdout?.on('data', (part: Buffer) => {
    bytes += part.byteLength
    if (bytes <= maxBytes) parts.push(part)
    else child.kill('SIGKILL')
  })
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  const exitCode = await ended(child, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
  if (bytes > maxBytes) throw new RepoError('too-large', `git ${args[0] ?? ''} answered more than ${maxBytes} bytes`)
  if (exitCode !== 0) throw failure(folder, args, exitCode, words.text)
  return Buffer.concat(parts)
}
