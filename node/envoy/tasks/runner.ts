import { spawn } from 'node:child_process'
import { type Clock, codeOf, messageOf } from '#node/kit'

export type OutputStream = 'stdout' | 'stderr'

export interface CommandOrder {
  /** For `sh -c`. */
  readonly command: string
  /** 0 to 19; 19 yields to everything. */
  readonly nice: number
  readonly cwd: string
  readonly timeoutMs: number
}

export interface CommandEnd {
  /** Null when it did not end by itself, or not at all. */
  readonly exitCode: number | null
  readonly problem?: string
  readonly durationMs: number
}

/** Between SIGTERM and SIGKILL for the process group. */
const KILL_MS = 5_000
/** For the ends of pipes that something outside of the group may hold open. */
const DRAIN_MS = 1_000

/**
 * Runs a command in a process group of its own until it ends, its time is over or the signal fires; in the last two cases the whole
 * group is ended, otherwise what it left in the background stays. Never rejects.
 */
export async function runCommand(
  order: CommandOrder,
  onOutput: (stream: OutputStream, chunk: Buffer) => void,
  { signal, clock }: { signal: AbortSignal; clock: Clock },
): Promise<CommandEnd> {
  const startedMs = clock.monotonicMs()
  const took = (): number => Math.max(0, Math.round(clock.monotonicMs() - startedMs))
  if (signal.aborted) return { exitCode: null, problem: 'cancelled before it started', durationMs: 0 }
  const shell = ['-c', order.command]
  const [program, args] = order.nice > 0 ? ['nice', ['-n', String(order.nice), 'sh', ...shell]] : ['sh', shell]
  const child = spawn(program, args, {
    cwd: order.cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'] ?? DEFAULT_PATH,
      HOME: process.env['HOME'] ?? '/',
      LANG: 'C.UTF-8',
      VIGO_TASK: '1',
    },
  })
  child.stdout.on('data', (chunk: Buffer) => onOutput('stdout', chunk))
  child.stderr.on('data', (chunk: Buffer) => onOutput('stderr', chunk))
  let problem: string | undefined
  let killTimer: NodeJS.Timeout | undefined
  const end = (why: string): void => {
    if (problem !== undefined) return
    problem = why
    signalGroup(child.pid, 'SIGTERM')
    killTimer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), KILL_MS)
  }
  const timer = setTimeout(() => end(`it took longer than ${order.timeoutMs / 1000} s and was ended`), order.timeoutMs)
  const onAbort = (): void => end(messageOf(signal.reason))
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const exit = await ended(child)
    if ('error' in exit) {
      const reason = codeOf(exit.error) === 'ENOENT' ? `there is no ${order.cwd} or no shell` : messageOf(exit.error)
      return { exitCode: null, problem: `it could not be started: ${reason}`, durationMs: took() }
    }
    if (problem !== undefined) signalGroup(child.pid, 'SIGKILL')
    const killed = exit.killedBy === null ? undefined : `it was ended by ${exit.killedBy}`
    const told = problem ?? killed
    return {
      exitCode: told === undefined ? exit.code : null,
      ...(told === undefined ? {} : { problem: told }),
      durationMs: took(),
    }
  } finally {
    clearTimeout(timer)
    clearTimeout(killTimer)
    signal.removeEventListener('abort', onAbort)
  }
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

type Exit = { readonly code: number | null; readonly killedBy: string | null } | { readonly error: Error }

/** After the process ended and its output was read, or a moment later when somebody else keeps the pipes. */
function ended(child: ReturnType<typeof spawn>): Promise<Exit> {
  return new Promise(resolve => {
    child.once('error', error => resolve({ error }))
    child.once('exit', (code, killedBy) => {
      const exit = { code, killedBy }
      const timer = setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
        resolve(exit)
      }, DRAIN_MS)
      child.once('close', () => {
        clearTimeout(timer)
        resolve(exit)
      })
    })
  })
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone already.
  }
}
