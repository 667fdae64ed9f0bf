import type { FromBolt, FromEnvoy } from '#node/checkin'
import { Deadline, isAbort, messageOf, raceSignal } from '#node/kit'
import type { Secrets } from '../converge/index.ts'

const ANSWER_MS = 30_000
const MAX_PATHS = 1000
const MAX_VALUE_UNITS = 1024 * 1024

type SecretsAnswer = Extract<FromBolt, { type: 'secrets' }>

/** Asks the bolt for values of secrets; they stay in memory. */
export class SecretValues {
  readonly #secrets: Secrets
  #epoch = 0
  #pending: { bundle: string; resolve: (answer: SecretsAnswer) => void } | null = null

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** Whether the bolt says that values may have changed. */
  expect(epoch: unknown): boolean {
    if (typeof epoch !== 'number' || epoch === this.#epoch) return false
    this.#epoch = epoch
    return true
  }

  /** Tries to know all values; what stays unknown blocks the resources that need it. Rejects only when the signal fires. */
  async fetch(
    bundle: { hash: string; secrets: readonly string[] },
    send: ((message: FromEnvoy) => Promise<void>) | null,
    { signal }: { signal: AbortSignal },
  ): Promise<void> {
    const wanted = this.#secrets.wanted(bundle.secrets, this.#epoch)
    if (wanted.length === 0) return
    if (send === null) {
      this.#secrets.fail('no server is reachable')
      return
    }
    const epoch = this.#epoch
    const values: Record<string, string> = {}
    try {
      for (let at = 0; at < wanted.length; at += MAX_PATHS) {
        Object.assign(values, await this.#ask(bundle.hash, wanted.slice(at, at + MAX_PATHS), send, signal))
      }
      this.#secrets.learn(values, epoch)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      this.#secrets.fail(isAbort(error) ? 'the server did not answer' : messageOf(error))
    }
  }

  answered(answer: SecretsAnswer): void {
    if (answer.bundle === this.#pending?.bundle) this.#pending.resolve(answer)
  }

  async #ask(
    bundle: string,
    paths: readonly string[],
    send: (message: FromEnvoy) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    using deadline = new Deadline(ANSWER_MS, 'the answer of the server about secrets', signal)
    const { promise, resolve } = Promise.withResolvers<SecretsAnswer>()
    this.#pending = { bundle, resolve }
    try {
      await send({ type: 'secrets', bundle, paths: [...paths] })
      const { values, problem } = await raceSignal(promise, deadline.signal)
      if (problem !== undefined) throw new RangeError(String(problem).slice(0, 1000))
      const known: Record<string, string> = {}
      for (const path of paths) {
        const value = Object.hasOwn(values, path) ? values[path] : undefined
        if (typeof value !== 'string' || value.length > MAX_VALUE_UNITS) {
          throw new RangeError(`the server did not tell the value of '${path}'`)
        }
        known[path] = value
      }
      return known
    } finally {
      this.#pending = null
    }
  }
}
