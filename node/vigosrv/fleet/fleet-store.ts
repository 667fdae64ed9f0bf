import type { Level } from 'level'
import type { Value } from '#config/lang'
import { type EnvoyState, STORED_FORMAT, type StoredEnvoy } from './envoy-state.ts'
import { decodeRun } from './run-record.ts'
import type { FleetSample, StoredRun } from './types.ts'

/** Where a stored run is. Keys of one envoy sort by the time at which its runs were received. */
export interface RunKey {
  readonly peer: string
  readonly receivedAt: number
  readonly id: string
  readonly bytes: number
}

export type TraitRecord = { readonly [name: string]: Value }

export interface StoredTraits {
  readonly hash: string
  readonly traits: TraitRecord
}

/** Everything about the fleet that is on disk. What is written here without `sync` survives the process, but not the machine. */
export class FleetStore {
  readonly #db: Level
  readonly #envoys
  readonly #runs
  /** From envoy and id of a run to its key. */
  readonly #ids
  readonly #traits
  readonly #samples

  constructor(db: Level) {
    this.#db = db
    this.#envoys = db.sublevel<string, string>('fleet-envoys', { valueEncoding: 'utf8' })
    this.#runs = db.sublevel<string, string>('fleet-runs', { valueEncoding: 'utf8' })
    this.#ids = db.sublevel<string, string>('fleet-run-ids', { valueEncoding: 'utf8' })
    this.#traits = db.sublevel<string, StoredTraits>('fleet-traits', { valueEncoding: 'json' })
    this.#samples = db.sublevel<string, FleetSample>('fleet-samples', { valueEncoding: 'json' })
  }

  /** Null where the row is damaged, or of another version of the program. */
  async *envoys(): AsyncIterable<[peer: string, stored: StoredEnvoy | null]> {
    for await (const [peer, text] of this.#envoys.iterator()) yield [peer, decodeEnvoy(text)]
  }

  async putEnvoys(states: readonly EnvoyState[]): Promise<void> {
    await this.#envoys.batch(
      states.map(state => ({ type: 'put', key: state.peer, value: JSON.stringify(state.stored()) })),
    )
  }

  /** Which of these runs are stored. */
  async known(runs: readonly { peer: string; id: string }[]): Promise<readonly boolean[]> {
    const keys = await this.#ids.getMany(runs.map(({ peer, id }) => idKey(peer, id)))
    return keys.map(key => key !== undefined)
  }

  /** On disk when it resolves: the runs, and what is known of their envoys because of them. */
  async addRuns(
    runs: readonly { readonly key: RunKey; readonly text: string }[],
    envoys: readonly { readonly peer: string; readonly stored: StoredEnvoy }[],
  ): Promise<void> {
    const batch = this.#db.batch()
    for (const { key, text } of runs) {
      batch.put(runKey(key), text, { sublevel: this.#runs })
      batch.put(idKey(key.peer, key.id), runKey(key), { sublevel: this.#ids })
    }
    for (const { peer, stored } of envoys) batch.put(peer, JSON.stringify(stored), { sublevel: this.#envoys })
    await batch.write({ sync: true } as object)
  }

  async dropRuns(keys: readonly RunKey[], envoy: { peer: string; stored: StoredEnvoy } | null): Promise<void> {
    const batch = this.#db.batch()
    for (const key of keys) {
      batch.del(runKey(key), { sublevel: this.#runs })
      batch.del(idKey(key.peer, key.id), { sublevel: this.#ids })
    }
    if (envoy !== null) batch.put(envoy.peer, JSON.stringify(envoy.stored), { sublevel: this.#envoys })
    await batch.write()
  }

  /** The newest first. */
  async runs(peer: string, options: { limit: number; before?: number | undefined }): Promise<StoredRun[]> {
    const range = {
      gt: `${peer}!`,
      lt: options.before === undefined ? `${peer}"` : `${peer}!${padded(options.before)}`,
    }
    const texts = await this.#runs.values({ ...range, reverse: true, limit: options.limit }).all()
    return texts.map(decodeRun)
  }

  async run(peer: string, id: string): Promise<StoredRun | null> {
    const key = await this.#ids.get(idKey(peer, id))
    const text = key === undefined ? undefined : await this.#runs.get(key)
    return text === undefined ? null : decodeRun(text)
  }

  /** The oldest first. `before`: received earlier than that. */
  async runKeys(peer: string, options: { limit: number; before?: number | undefined }): Promise<RunKey[]> {
    const range = {
      gt: `${peer}!`,
      lt: options.before === undefined ? `${peer}"` : `${peer}!${padded(options.before)}`,
    }
    const keys = await this.#runs.keys({ ...range, limit: options.limit }).all()
    return keys.map(parseRunKey)
  }

  async traits(peer: string): Promise<StoredTraits | null> {
    return (await this.#traits.get(peer)) ?? null
  }

  async putTraits(peer: string, traits: StoredTraits): Promise<void> {
    await this.#traits.put(peer, traits)
  }

  /** Everything about an envoy but its runs. */
  async forget(peer: string): Promise<void> {
    await this.#db.batch().del(peer, { sublevel: this.#envoys }).del(peer, { sublevel: this.#traits }).write()
  }

  /** Keeps the sample, and none that are older than `keepFrom`. */
  async putSample(sample: FleetSample, keepFrom: number): Promise<void> {
    const old = await this.#samples.keys({ lt: padded(keepFrom), limit: 10_000 }).all()
    await this.#samples.batch([
      ...old.map(key => ({ type: 'del' as const, key })),
      { type: 'put' as const, key: padded(sample.at), value: sample },
    ])
  }

  async samples(since: number, limit: number): Promise<FleetSample[]> {
    return await this.#samples.values({ gte: padded(since), limit }).all()
  }
}

function decodeEnvoy(text: string): StoredEnvoy | null {
  try {
    const stored: StoredEnvoy = JSON.parse(text)
    return stored.format === STORED_FORMAT ? stored : null
  } catch {
    return null
  }
}

function idKey(peer: string, id: string): string {
  return `${peer}!${id}`
}

function runKey({ peer, receivedAt, id, bytes }: RunKey): string {
  return `${peer}!${padded(receivedAt)}!${id}!${bytes}`
}

function parseRunKey(key: string): RunKey {
  const [peer = '', receivedAt = '', id = '', bytes = ''] = key.split('!')
  return { peer, receivedAt: Number(receivedAt), id, bytes: Number(bytes) }
}

/** Sorts as the number does. */
function padded(at: number): string {
  return String(Math.max(0, Math.floor(at))).padStart(16, '0')
}
