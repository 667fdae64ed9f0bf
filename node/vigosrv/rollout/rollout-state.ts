import type { Level } from 'level'
import { EMPTY, type RolloutRecord, RolloutStore } from './rollout-store.ts'

type Answered = Pick<RolloutRecord, 'canary' | 'unproven'>

/** What is known and decided, in memory and on disk. All work that changes it is done one after the other. */
export class RolloutState {
  readonly #store: RolloutStore
  readonly #onChange: () => void
  readonly #onFault: (doing: string, error: unknown) => void
  #record: RolloutRecord = EMPTY
  #queue: Promise<unknown> = Promise.resolve()

  constructor(options: { db: Level; onChange: () => void; onFault: (doing: string, error: unknown) => void }) {
    this.#store = new RolloutStore(options.db)
    this.#onChange = options.onChange
    this.#onFault = options.onFault
  }

  get record(): RolloutRecord {
    return this.#record
  }

  async load(): Promise<void> {
    this.#record = await this.#store.read()
  }

  /** Runs after everything that was given before. Work must not wait for other work that it gives. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(work)
    this.#queue = mine.catch(() => undefined)
    return await mine
  }

  /** As `run`, for those who do not wait. */
  post(doing: string, work: () => Promise<void>): void {
    this.run(work).catch((error: unknown) => this.#onFault(doing, error))
  }

  async idle(): Promise<void> {
    await this.#queue
  }

  /** On disk, then in force. */
  async write(parts: Partial<RolloutRecord>): Promise<void> {
    const { canary } = this.#record
    await this.#store.write(parts)
    // The policy may have asked meanwhile; what it was answered stands, and is written next.
    const answered = this.#record.canary === canary ? {} : this.#answered
    this.#record = { ...this.#record, ...parts, ...answered }
    this.#onChange()
  }

  /** In force at once, on disk soon: for the policy, which cannot wait. */
  answer(parts: Partial<Answered>): void {
    this.#record = { ...this.#record, ...parts }
    // What it is by then: something newer may be on disk already.
    this.post('answer', async () => await this.#store.write(this.#answered))
    this.#onChange()
  }

  get #answered(): Answered {
    const { canary, unproven } = this.#record
    return { canary, unproven }
  }
}
