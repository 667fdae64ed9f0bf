import type { SecretSource } from '#config/secrets'
import { type Logger, messageOf } from '#node/kit'
import { FleetError } from './errors.ts'

/** Values of secrets, and when they may have changed. */
export interface Secrets {
  /** Another number whenever a value may have changed. */
  readonly epoch: number
  /** The values of all of the paths. @throws FleetError 'unknown-secret', SecretsError; messages name paths and no values */
  resolve(
    paths: readonly string[],
    options: { signal?: AbortSignal | undefined },
  ): Promise<Readonly<Record<string, string>>>
  /** After each change of `epoch`. Returns the unsubscriber. */
  onChange(listener: () => void): () => void
}

const LOOK_EVERY_MS = 5_000

/** Secrets that other processes change: it looks at them every five seconds. */
export class WatchedSecrets implements Secrets {
  readonly #source: SecretSource
  readonly #logger: Logger
  readonly #listeners = new Set<() => void>()
  readonly #timer: NodeJS.Timeout
  #looking: Promise<void> = Promise.resolve()
  #epoch = 0
  #problem = ''

  private constructor(source: SecretSource, logger: Logger) {
    this.#source = source
    this.#logger = logger
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS)
  }

  /** Secrets that cannot be read at the moment keep nobody from starting: whoever wants one is told. */
  static async open(source: SecretSource, logger: Logger): Promise<WatchedSecrets> {
    const secrets = new WatchedSecrets(source, logger)
    await secrets.look()
    return secrets
  }

  get epoch(): number {
    return this.#epoch
  }

  /** Now, because somebody says that there is news. Never fails. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look())
    return this.#looking
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  async #look(): Promise<void> {
    let epoch: number
    try {
      epoch = await this.#source.epoch()
      this.#problem = ''
    } catch (error) {
      const problem = messageOf(error)
      if (problem !== this.#problem) this.#logger.error('secrets-unusable', { reason: problem })
      this.#problem = problem
      return
    }
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    for (const listener of this.#listeners) listener()
  }

  async resolve(paths: readonly string[], options: { signal?: AbortSignal | undefined }) {
    const { values, missing } = await this.#source.resolve(paths, options)
    const [first] = missing
    if (first !== undefined) {
      const more = missing.length === 1 ? '' : `, and ${missing.length - 1} more are missing`
      throw new FleetError('unknown-secret', `there is no secret ${first}${more}; set it: vigocli secrets set ${first}`)
    }
    return Object.fromEntries(values)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
