import { Hider } from './hidden.ts'
import { OutputTail } from './output-tail.ts'
import type { TaskHost, TaskHostState } from './types.ts'

const FINAL: ReadonlySet<TaskHostState> = new Set<TaskHostState>([
  'succeeded',
  'failed',
  'timed-out',
  'refused',
  'unreachable',
  'skipped',
  'cancelled',
])

/** One host of one run: `waiting`, then perhaps `running`, then one of the final states, which it keeps. */
export class HostRun {
  readonly peer: string
  readonly hostname: string
  readonly batch: number
  readonly #output: OutputTail
  readonly #hiders: Readonly<Record<'stdout' | 'stderr', Hider>>
  #state: TaskHostState = 'waiting'
  #exitCode: number | null = null
  #problem = ''
  #durationMs = 0

  constructor(options: {
    peer: string
    hostname: string
    batch: number
    hidden: readonly string[]
    maxOutput: number
  }) {
    this.peer = options.peer
    this.hostname = options.hostname
    this.batch = options.batch
    this.#output = new OutputTail(options.maxOutput)
    this.#hiders = { stdout: new Hider(options.hidden), stderr: new Hider(options.hidden) }
  }

  get state(): TaskHostState {
    return this.#state
  }

  get isOver(): boolean {
    return FINAL.has(this.#state)
  }

  start(): void {
    if (this.#state === 'waiting') this.#state = 'running'
  }

  /** What of it can be shown now. */
  addOutput(stream: 'stdout' | 'stderr', text: string): string {
    if (this.isOver) return ''
    const shown = this.#hiders[stream].push(text)
    this.#output.push(shown)
    return shown
  }

  /** What was held back, when nothing more comes. */
  endOutput(stream: 'stdout' | 'stderr'): string {
    const shown = this.#hiders[stream].end()
    this.#output.push(shown)
    return shown
  }

  /** False when it was over before. */
  end(state: TaskHostState, end: { exitCode?: number | null; problem?: string; durationMs?: number } = {}): boolean {
    if (this.isOver) return false
    this.#state = state
    this.#exitCode = end.exitCode ?? null
    this.#problem = this.#hiders.stdout.hide(end.problem ?? '')
    this.#durationMs = end.durationMs ?? 0
    return true
  }

  row(options: { withOutput: boolean }): TaskHost {
    return {
      peer: this.peer,
      hostname: this.hostname,
      batch: this.batch,
      state: this.#state,
      exitCode: this.#exitCode,
      problem: this.#problem,
      output: options.withOutput ? this.#output.text : '',
      durationMs: this.#durationMs,
    }
  }
}
