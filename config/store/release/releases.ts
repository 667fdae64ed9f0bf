import { existsSync } from 'node:fs'
import { type Clock, systemClock } from '#node/kit'
import { Archive } from './archive.ts'
import { findEntry } from './choose-release.ts'
import { checkWords, type HistoryEntry } from './entry.ts'
import { ReleaseError } from './errors.ts'
import { type Freeze, parseUntil, readFreeze, removeFreeze, writeFreeze } from './freeze.ts'
import { type History, readHistory } from './history.ts'
import { readLive, releaseFolder } from './live.ts'
import { permissionWarnings } from './permissions.ts'
import type { ReleasePlaces } from './places.ts'
import { Publisher } from './publisher.ts'
import type { Holder } from './publisher-lock.ts'
import { type ReadReleaseOptions, readKeptTree } from './read-release.ts'
import { type ReleaseHash, shortHash } from './release-hash.ts'
import { KEPT_RELEASES } from './retention.ts'
import { readSourceIndex, type SourceIndex } from './source-index.ts'
import type { Tree } from './tree.ts'

export interface ReleaseStatus {
  readonly live: ReleaseHash | null
  /** Of the live release; null where the history does not know it, which is a warning. */
  readonly entry: HistoryEntry | null
  readonly freeze: Freeze | null
  /** Sentences for the operator. */
  readonly warnings: readonly string[]
}

export interface PublisherOptions {
  /** What for, as others are told who wait: `publish`, `rollback`. */
  doing: string
  /** How long to wait for another publisher. Default: half a minute. */
  waitMs?: number
  onWait?: ((holder: Holder | null) => void) | undefined
  signal?: AbortSignal | undefined
}

const WAIT_MS = 30_000

/** The releases of one machine: reading takes no lock and can be done by whoever may read the folder. */
export class Releases {
  readonly places: ReleasePlaces
  readonly #clock: Clock
  readonly #keep: number

  constructor(options: { places: ReleasePlaces; clock?: Clock; keep?: number }) {
    this.places = options.places
    this.#clock = options.clock ?? systemClock
    this.#keep = options.keep ?? KEPT_RELEASES
    if (!Number.isInteger(this.#keep) || this.#keep < 2) {
      throw new RangeError(`keep is ${this.#keep}; at least 2 releases are kept, so that there is one to go back to`)
    }
  }

  /** @throws ReleaseError 'bad-live' */
  async live(): Promise<ReleaseHash | null> {
    return await readLive(this.places)
  }

  /** Where the files of a release are while it is live. */
  folder(hash: ReleaseHash): string {
    return releaseFolder(this.places, hash)
  }

  /** @throws ReleaseError 'no-release' when its files are no longer kept, 'damaged' */
  async tree(hash: ReleaseHash, options: ReadReleaseOptions = {}): Promise<Tree> {
    using archive = new Archive(this.places)
    const tree = await readKeptTree(this.places, archive, hash, options)
    if (tree !== null) return tree
    const isLive = (await this.live()) === hash
    const message = isLive
      ? `${this.folder(hash)}, the folder of the live release, is gone; publish again and it is written anew`
      : `the files of release ${shortHash(hash)} are not kept here`
    throw new ReleaseError('no-release', message, { context: { release: hash } })
  }

  /** Whether its files are here. */
  async isKept(hash: ReleaseHash): Promise<boolean> {
    using archive = new Archive(this.places)
    return existsSync(this.folder(hash)) || (await archive.has(hash))
  }

  /** What the release was made of; empty when that is not known. */
  async sources(hash: ReleaseHash): Promise<SourceIndex> {
    return await readSourceIndex(this.places, hash)
  }

  /** The newest entries first. */
  async history(options: { limit?: number } = {}): Promise<History> {
    return await readHistory(this.places, options.limit)
  }

  /**
   * The newest entry that `name` means: a number (`12`, `#12`), a hash or its first six digits or more, or `live`.
   *
   * @throws ReleaseError 'no-release'
   */
  async find(name: string): Promise<HistoryEntry> {
    const { entries } = await readHistory(this.places)
    return findEntry(entries, await this.live(), name)
  }

  async status(): Promise<ReleaseStatus> {
    const live = await this.live()
    const { entries, damaged } = await readHistory(this.places, 100)
    const entry = entries.find(({ release }) => release === live) ?? null
    const warnings = await permissionWarnings(this.places)
    if (live !== null && entries[0]?.release !== live) {
      warnings.push(
        `.live was changed by hand: it points at ${shortHash(live)}, which is not the last release of the history`,
      )
    }
    if (damaged.length > 0) {
      warnings.push(
        `the history has damaged files in ${this.places.history}: ${damaged.slice(0, 5).join(', ')}; move them away, until then no old release is removed`,
      )
    }
    return { live, entry, freeze: await this.frozen(), warnings }
  }

  /** @throws ReleaseError 'bad-freeze' for a freeze file that cannot be understood: publishing stays frozen */
  async frozen(): Promise<Freeze | null> {
    return await readFreeze(this.places, this.#clock.now())
  }

  /**
   * Nothing is published before `until`: `90m`, `3d`, `2027-01-04` or an ISO 8601 time. Takes the place of a freeze that holds. A publish
   * that is under way finds it, unless it is just going live.
   *
   * @throws ReleaseError 'bad-freeze', 'bad-reason', 'no-permission'
   */
  async freeze(request: { until: string; author: string; reason: string }): Promise<Freeze> {
    checkWords(request)
    const now = this.#clock.now()
    const until = new Date(parseUntil(request.until, now)).toISOString()
    const { author, reason } = request
    const freeze: Freeze = { author, reason, since: new Date(now).toISOString(), until }
    await writeFreeze(this.places, freeze)
    return freeze
  }

  /** False when nothing was frozen. */
  async unfreeze(): Promise<boolean> {
    return await removeFreeze(this.places)
  }

  /** The right to change what is live, one at a time on the machine. @throws ReleaseError 'busy', 'bad-live', 'no-permission' */
  async publisher(options: PublisherOptions): Promise<Publisher> {
    const { doing, waitMs = WAIT_MS, onWait, signal } = options
    return await Publisher.open({
      places: this.places,
      clock: this.#clock,
      keep: this.#keep,
      doing,
      waitMs,
      onWait,
      signal,
    })
  }
}
