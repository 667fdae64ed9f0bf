import type { Level } from 'level'
import type { HostOutcome, MonitorMemory, Verdict } from '#config/publish'
import type { ReleaseHash } from '#config/store'
import type { Canary } from './types.ts'

/** The release that is live and how hosts were before it. */
export interface Watched {
  readonly release: ReleaseHash
  readonly by: 'operator' | 'monitor'
  readonly time: number
  readonly candidates: readonly ReleaseHash[]
  readonly baseline: Readonly<Record<string, HostOutcome>>
}

export type TimedVerdict = Verdict & { readonly at: number }

/** What outlives a restart, and a loss of power. */
export interface RolloutRecord {
  readonly canary: Canary | null
  readonly watched: Watched | null
  readonly memory: MonitorMemory
  /** Releases that canaries had and nobody else: never rolled back to, the latest last. */
  readonly unproven: readonly ReleaseHash[]
  /** The newest first. */
  readonly verdicts: readonly TimedVerdict[]
  /** A rollback that was decided, and is not known to be done. */
  readonly due: TimedVerdict | null
}

export const EMPTY: RolloutRecord = {
  canary: null,
  watched: null,
  memory: { consecutiveRollbacks: 0, failed: [] },
  unproven: [],
  verdicts: [],
  due: null,
}

const DURABLE = { sync: true } as object

/** Each part is one row; parts that belong together are written together. */
export class RolloutStore {
  readonly #rows

  constructor(db: Level) {
    this.#rows = db.sublevel<string, unknown>('rollout', { valueEncoding: 'json' })
  }

  async read(): Promise<RolloutRecord> {
    const keys = Object.keys(EMPTY)
    const values = await this.#rows.getMany(keys)
    const found = keys.flatMap((key, at) => (values[at] === undefined ? [] : [[key, values[at]]]))
    return { ...EMPTY, ...(Object.fromEntries(found) as Partial<RolloutRecord>) }
  }

  async write(parts: Partial<RolloutRecord>): Promise<void> {
    const operations = Object.entries(parts).map(([key, value]) =>
      value === null ? { type: 'del' as const, key } : { type: 'put' as const, key, value },
    )
    await this.#rows.batch(operations, DURABLE)
  }
}
