import type { Bundle, Traits } from '#config/store'
import { encodeMessage, type FromBolt } from '#node/checkin'
import { type Logger, messageOf } from '#node/kit'
import type { Policy } from '../policy/index.ts'
import type { Answer } from './conversation.ts'
import { answerStateOf, type EnvoyState, NO_ANSWER } from './envoy-state.ts'
import type { FleetIndex } from './fleet-index.ts'
import type { FleetStore } from './fleet-store.ts'
import type { Secrets } from './secrets.ts'

/** Until an envoy asks a server again that has just started. */
const NOT_READY_MS = 2_000

export interface DeciderOptions {
  readonly policy: Policy
  readonly index: FleetIndex
  readonly store: FleetStore
  readonly secrets: Secrets
  readonly intervalMs: () => number
  readonly logger: Logger
}

export interface Decision {
  readonly answer: Answer
  /** Null when the envoy gets none. */
  readonly bundle: Bundle | null
}

/** Decides what an envoy should have, and notes it wherever it matters before the envoy hears of it. */
export class Decider {
  readonly #options: DeciderOptions
  /** Messages that many envoys get, by release. */
  readonly #unchanged = new Map<string, Uint8Array>()
  #generation = 0

  constructor(options: DeciderOptions) {
    this.#options = options
  }

  /** Grows whenever earlier answers are worth nothing any more. */
  get generation(): number {
    return this.#generation
  }

  /** What envoys get, or are told with it, may be something else from now on. */
  invalidate(): void {
    this.#generation++
    this.#unchanged.clear()
  }

  async decide(state: EnvoyState, traitsHash: string, traits: Traits): Promise<Decision> {
    const { policy, index, store, intervalMs: interval } = this.#options
    const generation = this.#generation
    const intervalMs = interval()
    const found = this.#ask(state, traits, intervalMs)
    const { bundle } = found
    const isNew = index.answered(state, {
      answer: bundle === null ? { ...NO_ANSWER, problem: found.problem } : answerStateOf(bundle),
      given: bundle === null ? null : { release: bundle.release, bundle: bundle.hash },
      wantedRelease: found.isUnmanaged ? null : policy.releaseFor(state.hostname),
      intervalMs,
    })
    // A report is believed because its bundle was given: that must be known also after this process is killed.
    if (isNew) await store.putEnvoys([state])
    const frame = bundle === null ? encodeMessage(found.message) : this.#unchangedOf(bundle.release, intervalMs)
    const secrets = bundle?.secrets ?? []
    return { bundle, answer: { generation, traitsHash, hash: bundle?.hash ?? null, secrets, frame } }
  }

  #ask({ hostname }: EnvoyState, traits: Traits, intervalMs: number): Found {
    try {
      const answer = this.#options.policy.answerFor(hostname, traits)
      if (answer.kind === 'bundle') return { bundle: answer.bundle, isUnmanaged: false }
      if (answer.kind === 'failed')
        return failed(
          answer.diagnostics.map(({ message }) => message),
          intervalMs,
        )
      const { reason } = answer
      if (answer.kind === 'not-ready') return notReady(reason)
      return { bundle: null, problem: reason, isUnmanaged: true, message: { type: 'no-policy', reason, intervalMs } }
    } catch (error) {
      this.#options.logger.error('compile-broken', { host: hostname, error }, 'a bundle could not be made')
      return failed([messageOf(error)], intervalMs)
    }
  }

  #unchangedOf(release: string, intervalMs: number): Uint8Array {
    let frame = this.#unchanged.get(release)
    if (frame === undefined) {
      const secretsEpoch = this.#options.secrets.epoch
      frame = encodeMessage({ type: 'unchanged', release, intervalMs, secretsEpoch } satisfies FromBolt)
      this.#unchanged.set(release, frame)
    }
    return frame
  }
}

type Found =
  | { readonly bundle: Bundle; readonly isUnmanaged: false }
  | { readonly bundle: null; readonly problem: string; readonly isUnmanaged: boolean; readonly message: FromBolt }

function notReady(reason: string): Found {
  const message = { type: 'refused', code: 'busy', message: reason, retryMs: NOT_READY_MS } as const
  return { bundle: null, problem: reason, isUnmanaged: false, message }
}

function failed([first = '', ...others]: readonly string[], intervalMs: number): Found {
  const problem = `${first.slice(0, 500)}${others.length === 0 ? '' : ` (and ${others.length} more)`}`
  const message = { type: 'refused', code: 'cannot-compile', message: problem, retryMs: intervalMs } as const
  return { bundle: null, problem, isUnmanaged: false, message }
}
