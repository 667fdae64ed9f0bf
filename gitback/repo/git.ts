import { type ChildProcess, spawn } from 'node:child_process'
import type { Writable } from 'node:stream'
import { codeOf, Deadline, DeadlineError } from '#node/kit'
import { RepoError } from './errors.ts'

const DEFAULT_TIMEOUT_MS = 120_000
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
const MAX_ERROR_BYTES = 4096

/**
 * What git runs with: nothing of the caller's or the machine's configuration, no prompts, no hooks, no lazy fetches, and every object
 * that it is given checked.
 */
const CONFIGURATION: readonly string[] = [
  'safe.directory=*',
  'core.hooksPath=/dev/null',
  'core.fsync=committed,reference',
  'core.fsyncMethod=batch',
  // Somebody may pack refs and objects of the repository meanwhile.
  'core.filesRefLockTimeout=5000',
  'core.packedRefsTimeout=10000',
  'fetch.fsckObjects=true',
  'receive.fsckObjects=true',
  'transfer.fsckObjects=true',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.allow=never',
  'uploadpack.allowAnySHA1InWant=true',
  'user.name=Vigo',
  'user.email=vigo@localhost',
]

export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_CONFIG_COUNT: String(CONFIGURATION.length),
    ...Object.fromEntries(
      CONFIGURATION.flatMap((setting, index) => {
        const [key = '', value = ''] = setting.split(/=(.*)/)
        return [
          [`GIT_CONFIG_KEY_${index}`, key],
          [`GIT_CONFIG_VALUE_${index}`, value],
        ]
      }),
    ),
    ...extra,
  }
}

export interface GitOptions {
  signal?: AbortSignal | undefined
  environment?: Readonly<Record<string, string>>
  stdin?: string | Uint8Array
  timeoutMs?: number
  /** Exit codes besides 0 that are an answer. */
  answers?: readonly number[]
}

export interface GitResult {
  readonly exitCode: number
  readonly stdout: Buffer
}

/** Starts git in a bare repository; the caller owns the process. */
export function startGit(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn('git', [...args], {
    cwd: folder,
    env: gitEnvironment({ GIT_DIR: folder, ...environment }),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
}

/** Runs git to its end. @throws RepoError 'failed' with git's own words, 'no-git', 'disk-full'; DeadlineError */
export async function git(folder: string, args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  using deadline = new Deadline(options.timeoutMs ?? DEFAULT_TIMEOUT_MS, `git ${args[0] ?? ''}`, options.signal)
  const child = startGit(folder, args, options.environment)
  const stdout: Buffer[] = []
  const words = new ErrorWords(child)
  let bytes = 0
  child.stdout?.on('data', (part: Buffer) => {
    bytes += part.byteLength
    if (bytes <= MAX_OUTPUT_BYTES) stdout.push(part)
    else child.kill('SIGKILL')
  })
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.stdin ?? '')
  const exitCode = await ended(child, deadline.signal)
  if (bytes > MAX_OUTPUT_BYTES) {
    throw new RepoError('failed', `git ${args[0] ?? ''} answered more than ${MAX_OUTPUT_BYTES} bytes`)
  }
  if (exitCode !== 0 && !options.answers?.includes(exitCode)) throw failure(folder, args, exitCode, words.text)
  return { exitCode, stdout: Buffer.concat(stdout) }
}

/** The exit code; the process is killed when the signal fires. @throws the signal's reason, RepoError 'no-git' */
export async function ended(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const kill = (): void => {
    child.kill('SIGKILL')
  }
  if (signal.aborted) kill()
  signal.addEventListener('abort', kill, { once: true })
  try {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    child.once('error', reject)
    child.once('close', code => resolve(code ?? 128))
    const code = await promise
    signal.throwIfAborted()
    return code
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      throw new RepoError('no-git', 'git is not installed on this machine; install git 2.36 or later', { cause: error })
    }
    throw error instanceof DeadlineError || signal.aborted ? (signal.reason ?? error) : error
  } finally {
    signal.removeEventListener('abort', kill)
  }
}

/** Until the process takes more, or never will. */
export async function drained(stdin: Writable): Promise<void> {
  if (stdin.destroyed || !stdin.writableNeedDrain) return
  const { promise, resolve } = Promise.withResolvers<void>()
  stdin.once('drain', resolve).once('close', resolve)
  await promise
  stdin.off('drain', resolve).off('close', resolve)
}

/** The end of what a process says on standard error. */
export class ErrorWords {
  #text = ''

  constructor(child: ChildProcess) {
    child.stderr?.on('data', (part: Buffer) => {
      this.#text = (this.#text + part.toString('utf8')).slice(-MAX_ERROR_BYTES)
    })
  }

  get text(): string {
    return this.#text.trim()
  }
}

export function failure(folder: string, args: readonly string[], exitCode: number, words: string): RepoError {
  const context = { exitCode, command: args[0] ?? '' }
  if (/No space left|Disk quota exceeded/.test(words)) {
    return diskFull(folder, { context })
  }
  const lines = words.split('\n')
  const telling = lines.filter(text => /^(?:fatal|error):/.test(text)).slice(-3)
  const said = (telling.length > 0 ? telling : lines.slice(-1)).join('; ')
  return new RepoError('failed', `git ${args[0] ?? ''} failed: ${said.slice(0, 500)}`, { context })
}

/** What the operating system said of a full disk, in our words; anything else as it is. */
export function asRepoError(error: unknown, folder: string): unknown {
  return FULL.has(codeOf(error) ?? '') ? diskFull(folder, { cause: error }) : error
}

const FULL = new Set(['ENOSPC', 'EDQUOT'])

function diskFull(folder: string, options: { cause?: unknown; context?: Record<string, unknown> }): RepoError {
  return new RepoError(
    'disk-full',
    `the disk with ${folder} is full; free some space, then it goes on by itself`,
    options,
  )
}
