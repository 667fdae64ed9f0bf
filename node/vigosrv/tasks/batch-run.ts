/** What is to be done after an edge. `wait`: something is under way and will be heard of. */
export type Step =
  | { readonly step: 'start'; readonly hosts: readonly string[] }
  | { readonly step: 'check'; readonly batch: number }
  | { readonly step: 'wait' }
  | { readonly step: 'done' }

export type Phase =
  | { readonly phase: 'new' }
  /** Batches are counted from 1. */
  | { readonly phase: 'running'; readonly batch: number }
  | { readonly phase: 'checking'; readonly batch: number }
  /** Nothing starts any more; hosts that run are waited for. */
  | { readonly phase: 'ending'; readonly state: 'failed' | 'aborted'; readonly reason: string }
  | { readonly phase: 'ended'; readonly state: 'succeeded' | 'failed' | 'aborted'; readonly reason: string }

export interface BatchRunOptions {
  readonly batches: readonly (readonly string[])[]
  /** One more ends the run. */
  readonly maxFailures: number
  readonly hasHealthCheck: boolean
}

/**
 * One run over batches of hosts, without clock and I/O: its owner does what each step says and reports back. A batch starts when
 * the one before is done, its health was good, and no more hosts failed than may: hosts that were started and did not succeed are never
 * more than a batch and `maxFailures` together. What counts as a failure is everything but success, over the whole run.
 */
export class BatchRun {
  readonly #options: BatchRunOptions
  readonly #hosts: number
  #phase: Phase = { phase: 'new' }
  readonly #open = new Set<string>()
  #failures = 0

  constructor(options: BatchRunOptions) {
    this.#options = options
    this.#hosts = options.batches.reduce((total, batch) => total + batch.length, 0)
  }

  get phase(): Phase {
    return this.#phase
  }

  get failures(): number {
    return this.#failures
  }

  begin(): Step {
    return this.#phase.phase === 'new' ? this.#next(1) : { step: 'wait' }
  }

  /** Hosts that do not run are not listened to: an answer may come twice, or after its host was given up. */
  hostEnded(host: string, succeeded: boolean): Step {
    if (!this.#open.delete(host)) return { step: 'wait' }
    if (!succeeded) this.#failures++
    if (this.#phase.phase === 'running' && this.#failures > this.#options.maxFailures) {
      this.#phase = { phase: 'ending', state: 'failed', reason: this.#tooMany() }
    }
    if (this.#open.size > 0) return { step: 'wait' }
    if (this.#phase.phase === 'ending') return this.#end(this.#phase.state, this.#phase.reason)
    if (this.#phase.phase !== 'running') return { step: 'wait' }
    const { batch } = this.#phase
    if (!this.#options.hasHealthCheck) return this.#next(batch + 1)
    this.#phase = { phase: 'checking', batch }
    return { step: 'check', batch }
  }

  /** A host of the batch was not started, because the run is ending. */
  hostSkipped(host: string): Step {
    if (!this.#open.delete(host) || this.#phase.phase !== 'ending' || this.#open.size > 0) return { step: 'wait' }
    return this.#end(this.#phase.state, this.#phase.reason)
  }

  /** `problem` is null when all is well. */
  healthAnswered(problem: string | null): Step {
    if (this.#phase.phase !== 'checking') return { step: 'wait' }
    const { batch } = this.#phase
    if (problem === null) return this.#next(batch + 1)
    return this.#end(
      'failed',
      `the health check after batch ${batch} of ${this.#options.batches.length} failed: ${problem}`,
    )
  }

  /** Hosts that run are to be cancelled, and are waited for. */
  abort(reason: string): Step {
    if (this.#phase.phase === 'ended') return { step: 'wait' }
    if (this.#open.size === 0) return this.#end('aborted', reason)
    this.#phase = { phase: 'ending', state: 'aborted', reason }
    return { step: 'wait' }
  }

  #next(batch: number): Step {
    const hosts = this.#options.batches[batch - 1]
    if (hosts === undefined) return this.#end('succeeded', this.#failures === 0 ? '' : this.#tolerated())
    this.#phase = { phase: 'running', batch }
    for (const host of hosts) this.#open.add(host)
    return { step: 'start', hosts }
  }

  #end(state: 'succeeded' | 'failed' | 'aborted', reason: string): Step {
    this.#phase = { phase: 'ended', state, reason }
    return { step: 'done' }
  }

  #tooMany(): string {
    const { maxFailures } = this.#options
    const may = maxFailures === 0 ? 'none may' : `at most ${maxFailures} may`
    return `${this.#failures} of ${this.#hosts} hosts did not succeed; ${may}`
  }

  #tolerated(): string {
    return `${this.#failures} of ${this.#hosts} hosts did not succeed, which ${this.#options.maxFailures} may`
  }
}
