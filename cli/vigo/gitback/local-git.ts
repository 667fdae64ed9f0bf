import { spawn } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { codeOf, VigoError } from '#node/kit'

/** - `failed`: the caller's git said no; the message has its words; - `missing`: there is no git */
export class LocalGitError extends VigoError<'failed' | 'missing'> {}

/** Runs the user's git in their repository. @throws LocalGitError */
export async function localGit(
  args: readonly string[],
  options: { stdin?: string; signal?: AbortSignal } = {},
): Promise<string> {
  const { stdout, ended } = start(args, options)
  const parts: Buffer[] = []
  for await (const part of stdout) parts.push(part as Buffer)
  await ended
  return Buffer.concat(parts).toString('utf8').trim()
}

/**
 * Packs what the tips need and `haves` do not have, into a temporary file that is gone when `use` is done. Objects are sent as differences
 * to what the other side has.
 */
export async function withPack<T>(
  tips: readonly string[],
  haves: readonly string[],
  use: (pack: { stream: Readable; sizeBytes: number }) => Promise<T>,
  options: { signal?: AbortSignal } = {},
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-pack-'))
  try {
    const file = join(folder, 'objects.pack')
    const stdin = [...tips, ...haves.map(have => `^${have}`), ''].join('\n')
    const args = ['pack-objects', '--quiet', '--thin', '--delta-base-offset', '--revs', '--stdout']
    const { stdout, ended } = start(args, { ...options, stdin })
    await pipeline(stdout, createWriteStream(file, { mode: 0o600 }))
    await ended
    const { size: sizeBytes } = await stat(file)
    return await use({ stream: createReadStream(file), sizeBytes })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Which of the objects the user's repository has. */
export async function presentObjects(
  objects: readonly string[],
  options: { signal?: AbortSignal } = {},
): Promise<string[]> {
  if (objects.length === 0) return []
  const answer = await localGit(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    ...options,
    stdin: `${objects.join('\n')}\n`,
  })
  return answer
    .split('\n')
    .filter(line => !line.endsWith(' missing'))
    .map(line => line.slice(0, 40))
}

function start(args: readonly string[], options: { stdin?: string; signal?: AbortSignal }) {
  const child = spawn('git', [...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.signal && { signal: options.signal }),
  })
  let words = ''
  child.stderr.on('data', (part: Buffer) => {
    words = (words + part.toString('utf8')).slice(-2000)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  child.once('error', error =>
    reject(codeOf(error) === 'ENOENT' ? new LocalGitError('missing', 'git is not installed here') : error),
  )
  child.once('close', code =>
    code === 0
      ? resolve()
      : reject(new LocalGitError('failed', `git ${args[0] ?? ''}: ${words.trim().split('\n').at(-1) ?? ''}`)),
  )
  ended.catch(() => undefined)
  return { stdout: child.stdout, ended }
}
