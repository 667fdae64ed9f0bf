import type { Run } from '#node/checkin'
import { type Clock, type Logger, messageOf } from '#node/kit'
import { afterRun, type EnvoyState, NO_RUNS, type RunState } from './envoy-state.ts'
import { FleetError } from './errors.ts'
import type { FleetIndex } from './fleet-index.ts'
import type { FleetStore, RunKey } from './fleet-store.ts'
import { encodeRun, fitRun, summaryOf } from './run-record.ts'
import { Seldom } from './seldom.ts'

export interface RunLimits {
  readonly keepMs: number
  readonly perEnvoy: number
}

/** Runs of one envoy beyond its limit that are waited for, so that not every report deletes another one. */
const TRIM_SLACK = 16
const MAX_RUN_BYTES = 256 * 1024
/** Of all stored runs together, shared out evenly. */
const TOTAL_BYTES = 4 * 1024 ** 3
const MIN_SHARE_BYTES = 64 * 1024
const MAX_SHARE_BYTES = 16 * 1024 ** 2
const MAX_BATCH_RUNS = 500
const MAX_BATCH_BYTES = 8 * 1024 ** 2

interface Waiting {
  readonly state: EnvoyState
  readonly run: Run
  readonly bytes: number
  readonly done: PromiseWithResolvers<Stored>
}

export type Stored = 'stored' | 'known'

/**
 * Runs on their way to the disk. Those that come while others are being written are written together next: one sync for all. Everything
 * that changes what is stored of runs goes through here, one after the other.
 */
export class RunLog {
  readonly #store: FleetStore
  readonly #index: FleetIndex
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #limits: () => RunLimits
  readonly #seldom: Seldom
  readonly #waiting: Waiting[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #isWriting = false

  constructor(options: {
    store: FleetStore
    index: FleetIndex
    clock: Clock
    logger: Logger
    limits: () => RunLimits
  }) {
    this.#store = options.store
    this.#index = options.index
    this.#clock = options.clock
    this.#logger = options.logger
    this.#limits = options.limits
    this.#seldom = new Seldom(options.clock)
  }

  /** Resolves when the run is on disk and counts; `known`: it had been there before. A run that is too large is cut. @throws FleetError 'not-stored' */
  async append(state: EnvoyState, reported: Run): Promise<Stored> {
    const size = Buffer.byteLength(JSON.stringify(reported))
    const maxBytes = Math.min(MAX_RUN_BYTES, this.#shareBytes)
    const run = size > maxBytes ? fitRun(reported, maxBytes) : reported
    const done = Promise.withResolvers<Stored>()
    this.#waiting.push({ state, run, bytes: Math.min(size, maxBytes), done })
    if (!this.#isWriting) void this.#write()
    return await done.promise
  }

  /** Everything about an envoy that is gone. */
  async forget(peer: string): Promise<void> {
    await this.#exclusively(() => this.#forget(peer))
  }

  /** Drops what is older than is kept. */
  async expire(): Promise<void> {
    const before = this.#clock.now() - this.#limits().keepMs
    for (const state of this.#index.states()) {
      if (state.runs.runs > 0) await this.#exclusively(() => this.#dropBefore(state, before))
    }
  }

  /** Waits for what was asked for. */
  async settled(): Promise<void> {
    while (this.#isWriting) await this.#tail
    await this.#tail
  }

  get #shareBytes(): number {
    const share = TOTAL_BYTES / Math.max(1, this.#index.size)
    return Math.min(MAX_SHARE_BYTES, Math.max(MIN_SHARE_BYTES, share))
  }

  async #write(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) await this.#exclusively(() => this.#writeSome())
    this.#isWriting = false
  }

  async #writeSome(): Promise<void> {
    const some = this.#takeSome()
    try {
      const verdicts = await this.#verdicts(some)
      await this.#writeBatch(some.filter((_, at) => verdicts[at] === 'stored'))
      for (const [at, { done }] of some.entries()) done.resolve(verdicts[at] ?? 'known')
    } catch (error) {
      const reason = messageOf(error)
      if (this.#seldom.allows('runs-not-stored')) this.#logger.error('runs-not-stored', { runs: some.length, reason })
      const failure = new FleetError('not-stored', `a run could not be stored: ${reason}`, { cause: error })
      for (const { done } of some) done.reject(failure)
      return
    }
    for (const state of new Set(some.map(each => each.state))) await this.#trim(state)
  }

  async #verdicts(some: readonly Waiting[]): Promise<readonly Stored[]> {
    const stored = await this.#store.known(some.map(({ state, run }) => ({ peer: state.peer, id: run.id })))
    const before = new Set<string>()
    return some.map(({ state, run }, at) => {
      const key = `${state.peer} ${run.id}`
      const isKnown = stored[at] === true || before.has(key)
      before.add(key)
      return isKnown ? 'known' : 'stored'
    })
  }

  #takeSome(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const each of this.#waiting) {
      bytes += each.bytes
      if (count > 0 && (count >= MAX_BATCH_RUNS || bytes > MAX_BATCH_BYTES)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #writeBatch(added: readonly Waiting[]): Promise<void> {
    if (added.length === 0) return
    const states = new Map<EnvoyState, RunState>()
    const rows = added.map(({ state, run }) => {
      const before = states.get(state) ?? state.runs
      // One envoy's runs are told apart by when they came, also when the clock goes back.
      const receivedAt = Math.max(this.#clock.now(), (before.run?.receivedAt ?? 0) + 1)
      const text = encodeRun(run, receivedAt)
      const bytes = Buffer.byteLength(text)
      const summary = summaryOf(run, receivedAt)
      const after = afterRun(before, summary, run.bundle, bytes)
      states.set(state, after)
      return { state, after, summary, text, key: { peer: state.peer, receivedAt, id: run.id, bytes } }
    })
    const envoys = Array.from(states, ([state, runs]) => ({ peer: state.peer, stored: state.stored(runs) }))
    await this.#store.addRuns(rows, envoys)
    for (const { state, after, summary } of rows) this.#index.reported(state, after, summary)
  }

  async #trim(state: EnvoyState): Promise<void> {
    const { perEnvoy } = this.#limits()
    const { runs, runBytes } = state.runs
    const maxBytes = this.#shareBytes
    if (runs <= perEnvoy + TRIM_SLACK && runBytes <= maxBytes) return
    try {
      const keys = await this.#store.runKeys(state.peer, { limit: runs })
      let bytes = keys.reduce((sum, key) => sum + key.bytes, 0)
      let kept = keys.length
      const dropped: RunKey[] = []
      for (const key of keys.slice(0, -1)) {
        if (kept <= perEnvoy && bytes <= maxBytes) break
        kept--
        bytes -= key.bytes
        dropped.push(key)
      }
      await this.#drop(state, dropped)
    } catch (error) {
      this.#logger.warn('runs-not-trimmed', { host: state.hostname, reason: messageOf(error) })
    }
  }

  async #dropBefore(state: EnvoyState, before: number): Promise<void> {
    const keys = await this.#store.runKeys(state.peer, { limit: state.runs.runs, before })
    await this.#drop(state, keys)
  }

  async #drop(state: EnvoyState, keys: readonly RunKey[]): Promise<void> {
    if (keys.length === 0) return
    const { runs, runBytes, ...rest } = state.runs
    const bytes = keys.reduce((sum, key) => sum + key.bytes, 0)
    const after = { ...rest, runs: Math.max(0, runs - keys.length), runBytes: Math.max(0, runBytes - bytes) }
    await this.#store.dropRuns(keys, { peer: state.peer, stored: state.stored(after) })
    this.#index.trimmed(state, after)
  }

  async #forget(peer: string): Promise<void> {
    for (;;) {
      const keys = await this.#store.runKeys(peer, { limit: 1000 })
      if (keys.length === 0) break
      await this.#store.dropRuns(keys, null)
    }
    await this.#store.forget(peer)
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#tail.then(work, work)
    this.#tail = mine.catch(() => undefined)
    return await mine
  }
}

/** What the newest stored runs tell of an envoy whose row is lost. */
export async function rebuiltRuns(store: FleetStore, peer: string, limits: RunLimits): Promise<RunState> {
  const keys = await store.runKeys(peer, { limit: limits.perEnvoy + TRIM_SLACK })
  if (keys.length === 0) return NO_RUNS
  const runs = await store.runs(peer, { limit: 3 })
  let state = NO_RUNS
  for (const { run, receivedAt } of runs.toReversed())
    state = afterRun(state, summaryOf(run, receivedAt), run.bundle, 0)
  return { ...state, runs: keys.length, runBytes: keys.reduce((sum, { bytes }) => sum + bytes, 0) }
}
