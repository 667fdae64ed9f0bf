import { spawn } from 'node:child_process'
import { Deadline, messageOf } from '#node/kit'
import { OutputTail } from './output-tail.ts'

const MAX_OUTPUT = 2000
/** Of the user `nobody` on every distribution. */
const NOBODY = 65_534

export interface HealthCheckOptions {
  /** A URL that begins with http:// or https://, or a shell command. */
  readonly check: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Null when all is well, otherwise what is wrong. A URL must answer with 2xx, after redirects; a command must end with 0. Commands run
 * on the server, as `nobody` where the server is root: whoever may run tasks on machines need not have rights on this one.
 */
export async function askHealth({ check, timeoutMs, signal }: HealthCheckOptions): Promise<string | null> {
  using deadline = new Deadline(timeoutMs, 'the health check', signal)
  try {
    return isUrl(check) ? await askUrl(check, deadline.signal) : await runCommand(check, deadline.signal)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : ''
    return `${messageOf(deadline.signal.aborted ? deadline.signal.reason : error)}${deadline.signal.aborted ? '' : cause}`
  }
}

export function isUrl(check: string): boolean {
  return /^https?:\/\//i.test(check)
}

async function askUrl(url: string, signal: AbortSignal): Promise<string | null> {
  const response = await fetch(url, { signal, headers: { 'user-agent': 'vigosrv' } })
  await response.body?.cancel()
  return response.ok ? null : `${url} answered with ${response.status}`
}

function runCommand(command: string, signal: AbortSignal): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>()
  const identity = process.geteuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const child = spawn('/bin/sh', ['-c', command], {
    ...identity,
    cwd: '/',
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own group, so that what it started ends with it.
    detached: true,
  })
  const output = new OutputTail(MAX_OUTPUT)
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text))
  const end = (): void => {
    killGroup(child.pid)
    child.stdout.destroy()
    child.stderr.destroy()
    reject(signal.reason)
  }
  signal.addEventListener('abort', end, { once: true })
  child.on('error', reject)
  // What it left behind would hold the pipes open.
  child.on('exit', () => killGroup(child.pid))
  child.on('close', (code, killedBy) => {
    signal.removeEventListener('abort', end)
    const said = output.text.trim()
    resolve(code === 0 ? null : `it ended with ${code ?? killedBy}${said === '' ? '' : `: ${said}`}`)
  })
  if (signal.aborted) end()
  return promise
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}
