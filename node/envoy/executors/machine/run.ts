import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import type { RunOptions, RunResult, Started } from '../machine.ts'
import { BoundedOutput } from './bounded-output.ts'
import type { Invocation } from './invocation.ts'
import { ProcessGroup } from './process-group.ts'

const DEFAULT_OUTPUT_BYTES = 64 * 1024
/** How long output is awaited of what a finished program left behind with its own output still open. */
const DRAIN_MS = 500
/** After SIGKILL; only a program that waits inside the kernel takes longer. */
const KILLED_MS = 10_000
/** Longer waits overflow a timer of Node. */
const MAX_TIMER_MS = 2 ** 31 - 1

type ProcessOptions = Pick<RunOptions, 'signal' | 'timeoutMs' | 'stdin' | 'maxOutputBytes'>

/**
 * Runs to the end, in a session and process group of its own. When the signal fires, the group is ended and the signal's reason thrown.
 * What a program leaves behind when it ends by itself goes on, but nobody reads its output any more.
 * @throws ExecutorError 'blocked'
 */
export async function runToEnd(invocation: Invocation, options: ProcessOptions): Promise<RunResult> {
  const { signal, stdin, maxOutputBytes = DEFAULT_OUTPUT_BYTES } = options
  signal.throwIfAborted()
  const child = spawned(invocation, [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'])
  const outputs = [new BoundedOutput(maxOutputBytes), new BoundedOutput(maxOutputBytes)] as const
  child.stdout?.on('data', chunk => outputs[0].add(chunk))
  child.stderr?.on('data', chunk => outputs[1].add(chunk))
  feed(child, stdin)
  const exited = once(child, 'exit')
  const closed = once(child, 'close')
  closed.catch(() => undefined)
  exited.catch(() => undefined)
  await isSpawned(child, invocation)
  const group = new ProcessGroup(child.pid ?? 0)
  const ending = new Ending(group, options)
  try {
    const [exitCode, exitSignal] = (await Promise.race([exited, ending.stuck])) as [number | null, string | null]
    await Promise.race([closed, sleep(DRAIN_MS, undefined, { ref: false })])
    await group.ended()
    signal.throwIfAborted()
    return {
      exitCode,
      signal: exitSignal,
      stdout: outputs[0].text,
      stderr: outputs[1].text,
      isTimedOut: ending.isTimedOut,
    }
  } finally {
    ending[Symbol.dispose]()
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy()
  }
}

/** Starts something that outlives this process. @throws ExecutorError 'blocked' */
export async function startDetached(invocation: Invocation, { signal }: { signal: AbortSignal }): Promise<Started> {
  signal.throwIfAborted()
  const child = spawned(invocation, 'ignore')
  const ended = once(child, 'exit').then(
    () => undefined,
    () => undefined,
  )
  await isSpawned(child, invocation)
  child.unref()
  return { pid: child.pid ?? 0, ended }
}

/** Ends the group when time is over or the signal fires. */
class Ending implements Disposable {
  isTimedOut = false
  readonly stuck: Promise<never>
  readonly #signal: AbortSignal
  readonly #timer: NodeJS.Timeout
  readonly #onAbort: () => void
  #stuckTimer: NodeJS.Timeout | undefined

  constructor(group: ProcessGroup, { signal, timeoutMs }: ProcessOptions) {
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => undefined)
    this.stuck = promise
    this.#signal = signal
    this.#onAbort = () => {
      void group.end().then(() => {
        this.#stuckTimer = setTimeout(() => {
          reject(
            new ExecutorError(
              'blocked',
              'a program does not end, not even by SIGKILL; the machine may have to restart',
            ),
          )
        }, KILLED_MS)
      })
    }
    this.#timer = setTimeout(
      () => {
        this.isTimedOut = true
        this.#onAbort()
      },
      Math.min(timeoutMs, MAX_TIMER_MS),
    )
    signal.addEventListener('abort', this.#onAbort, { once: true })
    if (signal.aborted) this.#onAbort()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#stuckTimer)
    this.#signal.removeEventListener('abort', this.#onAbort)
  }
}

function spawned(
  { file, args, environment, cwd, uid, gid }: Invocation,
  stdio: 'ignore' | ('ignore' | 'pipe')[],
): ChildProcess {
  return spawn(file, args, {
    cwd,
    env: environment,
    stdio,
    detached: true,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  })
}

async function isSpawned(child: ChildProcess, { file }: Invocation): Promise<void> {
  try {
    await once(child, 'spawn')
  } catch (error) {
    throw new ExecutorError('blocked', `${file} could not be started: ${messageOf(error)}`, { cause: error })
  }
}

/** A program may end without reading what it was given. */
function feed(child: ChildProcess, stdin: string | Uint8Array | undefined): void {
  if (stdin === undefined) return
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(stdin)
}
