import type { Clock } from '#node/kit'
import type { TaskChannel, TaskEvent } from '../fleet/types.ts'
import { BatchRun, type Step } from './batch-run.ts'
import { HostRun } from './host-run.ts'
import type { TaskHead } from './task-store.ts'
import type { TaskHost, TaskHostState, TaskPlan, TaskRow, TaskState } from './types.ts'

/** How long an envoy may take to say that a host's time is over, or that it was cancelled. */
const GRACE_MS = 15_000
/** Timers may be early. */
const TIMER_SLACK_MS = 20
/** Characters of output that are kept of one host, and of all together. */
const MAX_HOST_OUTPUT = 16 * 1024
const MAX_RUN_OUTPUT = 8 * 1024 * 1024
const MIN_HOST_OUTPUT = 512

export interface TaskRunOptions {
  readonly id: string
  readonly plan: TaskPlan
  readonly by: string
  /** With secrets: it goes to envoys and nowhere else. */
  readonly command: string
  /** Never shown, in whatever an envoy says. */
  readonly hidden: readonly string[]
  /** Hosts that are not to get the command, and why. */
  readonly refused: ReadonlyMap<string, string>
  readonly channel: TaskChannel
  readonly clock: Clock
  /** Null when all is well; asked after each batch where the plan has a check. */
  readonly askHealth: (signal: AbortSignal) => Promise<string | null>
  readonly listener: TaskRunListener
  readonly graceMs?: number
}

export interface TaskRunListener {
  /** The run itself has changed: another batch, the end. */
  onRun(run: TaskRun): void
  onHost(run: TaskRun, host: HostRun): void
  onOutput(run: TaskRun, host: HostRun, stream: 'stdout' | 'stderr', text: string): void
}

/** One command on its way through its hosts. It ends by itself: every host has a time limit, and so has the health check. */
export class TaskRun {
  readonly id: string
  readonly ended: Promise<void>
  readonly #options: TaskRunOptions
  readonly #hosts = new Map<string, HostRun>()
  readonly #batches: BatchRun
  readonly #timers = new Map<string, NodeJS.Timeout>()
  readonly #startedAt: number
  readonly #health = new AbortController()
  readonly #steps: Step[] = []
  #isStepping = false
  #isAborted = false
  #batch = 0
  #endedAt: number | null = null
  readonly #end: () => void

  constructor(options: TaskRunOptions) {
    this.#options = options
    this.id = options.id
    const { plan, hidden } = options
    const count = plan.batches.flat().length
    const maxOutput = Math.min(MAX_HOST_OUTPUT, Math.max(MIN_HOST_OUTPUT, Math.floor(MAX_RUN_OUTPUT / count)))
    for (const [at, targets] of plan.batches.entries()) {
      for (const { peer, hostname } of targets) {
        this.#hosts.set(peer, new HostRun({ peer, hostname, batch: at + 1, hidden, maxOutput }))
      }
    }
    this.#batches = new BatchRun({
      batches: plan.batches.map(targets => targets.map(({ peer }) => peer)),
      maxFailures: plan.maxFailures,
      hasHealthCheck: plan.healthCheck !== null,
    })
    this.#startedAt = options.clock.now()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = resolve
  }

  start(): void {
    this.#take(this.#batches.begin())
  }

  /** Cancels what runs. Envoys that do not confirm it in time are given up. */
  abort(reason: string, waitMs: number = this.#graceMs): void {
    if (this.#isAborted || this.#endedAt !== null) return
    this.#isAborted = true
    this.#health.abort(new Error('the task was aborted'))
    const step = this.#batches.abort(reason)
    for (const host of this.#hosts.values()) if (host.state === 'running') this.#cancel(host, waitMs)
    this.#take(step)
  }

  /** What the envoy said of this task. */
  hear(peer: string, event: TaskEvent): undefined {
    const host = this.#hosts.get(peer)
    if (host === undefined || host.state !== 'running') return
    switch (event.type) {
      case 'task-output': {
        const shown = host.addOutput(event.stream, event.text)
        if (shown !== '') this.#options.listener.onOutput(this, host, event.stream, shown)
        return
      }
      case 'task-lost':
        return this.#hostEnded(host, 'unreachable', {
          problem: 'the connection was lost while it ran; whether it has ended is not known',
        })
      case 'task-done': {
        const { exitCode, durationMs, problem = '' } = event
        return this.#hostEnded(host, this.#stateOf(exitCode, durationMs), { exitCode, durationMs, problem })
      }
    }
  }

  row(options: { withOutput: boolean }): TaskRow {
    return { ...this.head(), hosts: this.hosts(options) }
  }

  head(): TaskHead {
    const { plan, by } = this.#options
    const { phase } = this.#batches
    const state: TaskState = phase.phase === 'ended' ? phase.state : 'running'
    return {
      id: this.id,
      name: plan.name,
      command: plan.command,
      target: plan.target,
      by,
      state,
      reason: phase.phase === 'ended' || phase.phase === 'ending' ? phase.reason : '',
      startedAt: this.#startedAt,
      endedAt: this.#endedAt,
      batches: plan.batches.length,
      batch: this.#batch,
    }
  }

  hosts(options: { withOutput: boolean }): TaskHost[] {
    return [...this.#hosts.values()].map(host => host.row(options))
  }

  /** Envoys say in words why a command has no exit code; of these only a refusal takes no time at all. */
  #stateOf(exitCode: number | null, durationMs: number): TaskHostState {
    if (exitCode !== null) return exitCode === 0 ? 'succeeded' : 'failed'
    if (this.#isAborted) return 'cancelled'
    if (durationMs === 0) return 'refused'
    return durationMs + TIMER_SLACK_MS >= this.#options.plan.timeoutMs ? 'timed-out' : 'failed'
  }

  /** One after the other, whatever a step brings about: a fleet that is away would otherwise be as deep a stack. */
  #take(step: Step): void {
    this.#steps.push(step)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#steps.shift(); next !== undefined; next = this.#steps.shift()) this.#perform(next)
    } finally {
      this.#isStepping = false
    }
  }

  #perform(step: Step): undefined {
    switch (step.step) {
      case 'start':
        return this.#startBatch(step.hosts)
      case 'check':
        this.#options.listener.onRun(this)
        void this.#check()
        return
      case 'done':
        return this.#conclude()
      case 'wait':
        return
    }
  }

  #startBatch(peers: readonly string[]): undefined {
    this.#batch++
    this.#options.listener.onRun(this)
    const hosts = peers.flatMap(peer => this.#hosts.get(peer) ?? [])
    // Who cannot get it counts before anybody gets it: with too many of them the batch does not start at all.
    const able = hosts.filter(host => this.#isAble(host))
    for (const host of able) {
      if (this.#batches.phase.phase === 'running') this.#startHost(host)
      else this.#skip(host)
    }
  }

  #isAble(host: HostRun): boolean {
    const refusal = this.#options.refused.get(host.peer)
    if (refusal !== undefined) this.#hostEnded(host, 'refused', { problem: refusal })
    else if (!this.#options.channel.isConnected(host.peer)) this.#away(host)
    else return true
    return false
  }

  #startHost(host: HostRun): undefined {
    const { channel, command, plan } = this.#options
    const { timeoutMs, nice } = plan
    host.start()
    if (!channel.sendTask(host.peer, { id: this.id, command, timeoutMs, nice, dryRun: false })) return this.#away(host)
    if (host.isOver) return
    this.#limit(host, timeoutMs + this.#graceMs, () => {
      channel.cancelTask(host.peer, this.id)
      this.#hostEnded(host, 'timed-out', { problem: `no answer within ${timeoutMs} ms`, durationMs: timeoutMs })
    })
    this.#options.listener.onHost(this, host)
  }

  #away(host: HostRun): undefined {
    this.#hostEnded(host, 'unreachable', { problem: 'it was not connected when its turn came' })
  }

  #cancel(host: HostRun, waitMs: number): undefined {
    const giveUp = (problem: string) => this.#hostEnded(host, 'cancelled', { problem })
    if (!this.#options.channel.cancelTask(host.peer, this.id)) return giveUp('it was not connected any more')
    this.#limit(host, waitMs, () => giveUp('it did not confirm that it was cancelled'))
  }

  #skip(host: HostRun): void {
    if (host.end('skipped')) this.#options.listener.onHost(this, host)
    this.#take(this.#batches.hostSkipped(host.peer))
  }

  #hostEnded(host: HostRun, state: TaskHostState, end: Parameters<HostRun['end']>[1]): undefined {
    clearTimeout(this.#timers.get(host.peer))
    this.#timers.delete(host.peer)
    if (host.isOver) return
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = host.endOutput(stream)
      if (rest !== '') this.#options.listener.onOutput(this, host, stream, rest)
    }
    host.end(state, end)
    this.#options.listener.onHost(this, host)
    this.#take(this.#batches.hostEnded(host.peer, state === 'succeeded'))
  }

  #limit(host: HostRun, durationMs: number, over: () => void): void {
    clearTimeout(this.#timers.get(host.peer))
    this.#timers.set(host.peer, setTimeout(over, durationMs))
  }

  async #check(): Promise<void> {
    const problem = await this.#options.askHealth(this.#health.signal)
    this.#take(this.#batches.healthAnswered(problem))
  }

  #conclude(): undefined {
    for (const host of this.#hosts.values()) if (host.end('skipped')) this.#options.listener.onHost(this, host)
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#endedAt = this.#options.clock.now()
    this.#options.listener.onRun(this)
    this.#end()
  }

  get #graceMs(): number {
    return this.#options.graceMs ?? GRACE_MS
  }
}
