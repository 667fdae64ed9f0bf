import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process that outlives its starter, recognised by pid and start time, so that a reused pid is never taken for it. */
export interface ProcessId {
  readonly pid: number
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat. */
  readonly startedAt: string
}

export async function startDetached(
  program: string,
  args: readonly string[],
  options: { log: string; env: NodeJS.ProcessEnv },
): Promise<ProcessId> {
  const log = openSync(options.log, 'a', 0o600)
  const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env: options.env, cwd: '/' })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  child.once('spawn', resolve).once('error', reject)
  await promise
  child.unref()
  const pid = child.pid ?? 0
  return { pid, startedAt: (await startTime(pid)) ?? '' }
}

/** Runs a program until it ends; without a code when a signal has ended it. @throws AbortError when `signal` fires */
export async function runToEnd(
  program: string,
  args: readonly string[],
  { env, signal }: { env: NodeJS.ProcessEnv; signal?: AbortSignal },
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], ...(signal && { signal }) })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (data: Buffer) => {
    output.stdout += data.toString('utf8')
  })
  child.stderr.on('data', (data: Buffer) => {
    output.stderr += data.toString('utf8')
  })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  return { code: await promise, ...output }
}

export async function isAlive({ pid, startedAt }: ProcessId): Promise<boolean> {
  const now = await startTime(pid)
  return now !== null && now === startedAt
}

/** Signals the process and waits until it is gone. @throws Error when it is still there after `timeoutMs` */
export async function stopProcess(process_: ProcessId, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (!(await isAlive(process_))) return
  process.kill(process_.pid, signal)
  // One that was stopped takes other signals than SIGKILL only when it goes on.
  process.kill(process_.pid, 'SIGCONT')
  const deadline = performance.now() + timeoutMs
  while (await isAlive(process_)) {
    if (performance.now() > deadline)
      throw new Error(`process ${process_.pid} is still there ${timeoutMs} ms after ${signal}`)
    await sleep(20)
  }
}

/** Null for a process that is gone or only waits to be reaped. */
async function startTime(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  return state === undefined || state === '' || state === 'Z' || state === 'X' ? null : (fields[19] ?? null)
}
