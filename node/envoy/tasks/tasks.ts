import type { FromEnvoy, TaskOrder } from '#node/checkin'
import { type Clock, type Logger, messageOf, TaskGroup, VigoError } from '#node/kit'
import { type CommandEnd, runCommand } from './runner.ts'
import { type Piece, TaskText } from './task-output.ts'

/** - `cancelled`: the operator has cancelled the task, or the agent stops */
export class TaskError extends VigoError<'cancelled'> {}

type TaskMessage = Extract<FromEnvoy, { type: 'task-output' | 'task-done' }>
type TaskDone = Extract<FromEnvoy, { type: 'task-done' }>

const MAX_RUNNING = 8
const MAX_TIMEOUT_MS = 24 * 3600_000
const MAX_COMMAND_UNITS = 128 * 1024
/** How long, and how many, results wait for a connection. */
const KEEP_DONE_MS = 10 * 60_000
const MAX_DONE = 256
/** Output that waits for a slow connection; more is dropped for that task. */
const MAX_WAITING_PIECES = 64

export interface TasksOptions {
  /** Sends to the bolt that is connected at this moment; false when there is none. */
  readonly send: (message: TaskMessage) => Promise<boolean>
  /** Why a command must not be run, or null. */
  readonly refusalOf: (command: string) => string | null
  readonly mask: (text: string) => string
  readonly cwd: string
  readonly clock: Clock
  readonly logger: Logger
}

interface Running {
  readonly stop: AbortController
  waiting: number
}

/**
 * Commands that a bolt orders. An order is taken once, however often it comes. A task goes on while the connection is lost: output
 * of that time is dropped, and how it ended is told when a connection is back within ten minutes. A restart of the agent ends its
 * tasks, and nothing is told of them afterwards: the server's own deadline for an answer is what counts then.
 */
export class Tasks {
  readonly #options: TasksOptions
  readonly #running = new Map<string, Running>()
  readonly #done = new Map<string, { done: TaskDone; atMs: number; isTold: boolean }>()
  readonly #group: TaskGroup

  constructor(options: TasksOptions) {
    this.#options = options
    this.#group = new TaskGroup(error => options.logger.warn('task-failed', { reason: messageOf(error) }))
  }

  get running(): number {
    return this.#running.size
  }

  order(order: TaskOrder): void {
    if (!isOrder(order)) {
      this.#options.logger.warn('bad-task', {}, 'an order of the bolt is malformed and was ignored')
      return
    }
    const earlier = this.#done.get(order.id)
    if (earlier !== undefined) this.#group.run(() => this.#tell(order.id))
    if (earlier !== undefined || this.#running.has(order.id)) return
    const refusal = this.#refusalOf(order)
    if (refusal !== null) this.#finish(order.id, { exitCode: null, problem: refusal, durationMs: 0 })
    else this.#group.run(() => this.#run(order))
  }

  cancel(id: string): void {
    this.#running.get(id)?.stop.abort(new TaskError('cancelled', 'it was cancelled'))
  }

  /** After a connection is there again. */
  tellWaiting(): void {
    for (const [id, { isTold }] of this.#done) if (!isTold) this.#group.run(() => this.#tell(id))
  }

  async close(): Promise<void> {
    for (const { stop } of this.#running.values()) stop.abort(new TaskError('cancelled', 'the agent was stopped'))
    await this.#group.settled()
  }

  #refusalOf({ command }: TaskOrder): string | null {
    if (this.#running.size >= MAX_RUNNING) return `${MAX_RUNNING} tasks run on this machine already; try again later`
    const refusal = this.#options.refusalOf(command)
    return refusal === null ? null : `refused by this machine's guardrails: ${refusal}`
  }

  async #run(order: TaskOrder): Promise<void> {
    const { id, command, dryRun } = order
    const { cwd, clock, logger, mask } = this.#options
    if (dryRun) {
      await this.#sendPiece(id, { stream: 'stdout', text: `would run: ${mask(command)}\n`.slice(0, 65_536) })
      this.#finish(id, { exitCode: 0, durationMs: 0 })
      return
    }
    const running: Running = { stop: new AbortController(), waiting: 0 }
    this.#running.set(id, running)
    logger.info('task-started', { task: id })
    const text = new TaskText(mask)
    let sending: Promise<unknown> = Promise.resolve()
    const tell = (pieces: readonly Piece[]): void => {
      for (const piece of pieces) {
        if (running.waiting >= MAX_WAITING_PIECES) continue
        running.waiting++
        sending = sending.then(() => this.#sendPiece(id, piece)).finally(() => running.waiting--)
      }
    }
    const given = { command, nice: clamp(order.nice, 0, 19), cwd, timeoutMs: clamp(order.timeoutMs, 1, MAX_TIMEOUT_MS) }
    const end = await runCommand(given, (stream, chunk) => tell(text.add(stream, chunk)), {
      signal: running.stop.signal,
      clock,
    })
    tell(text.end())
    await sending
    this.#running.delete(id)
    logger.info('task-done', {
      task: id,
      exitCode: end.exitCode,
      ...(end.problem === undefined ? {} : { reason: end.problem }),
    })
    this.#finish(id, end)
  }

  #finish(task: string, { exitCode, problem, durationMs }: CommandEnd): void {
    const told = problem === undefined ? {} : { problem: this.#options.mask(problem).slice(0, 2048) }
    const done: TaskDone = { type: 'task-done', task, exitCode, durationMs, ...told }
    const atMs = this.#options.clock.monotonicMs()
    for (const [id, each] of this.#done) {
      if (this.#done.size < MAX_DONE && atMs - each.atMs < KEEP_DONE_MS) break
      this.#done.delete(id)
    }
    this.#done.set(task, { done, atMs, isTold: false })
    this.#group.run(() => this.#tell(task))
  }

  async #tell(id: string): Promise<void> {
    const kept = this.#done.get(id)
    if (kept === undefined) return
    const isTold = await this.#options.send(kept.done)
    const now = this.#done.get(id)
    if (now !== undefined) this.#done.set(id, { ...now, isTold: now.isTold || isTold })
  }

  async #sendPiece(task: string, { stream, text }: Piece): Promise<void> {
    await this.#options.send({ type: 'task-output', task, stream, text })
  }
}

function isOrder(order: TaskOrder): boolean {
  return (
    typeof order === 'object' &&
    order !== null &&
    /^[0-9a-f]{32}$/.test(order.id) &&
    typeof order.command === 'string' &&
    order.command.length <= MAX_COMMAND_UNITS &&
    !order.command.includes('\0')
  )
}

function clamp(value: unknown, least: number, most: number): number {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.round(Math.min(most, Math.max(least, value)))
    : least
}
