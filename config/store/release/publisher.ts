import type { Clock } from '#node/kit'
import { type Adoption, adopt } from './adopt.ts'
import { Archive } from './archive.ts'
import { type Changes, changesBetween } from './changes.ts'
import { entryBefore, findEntry } from './choose-release.ts'
import { commit, settlePending } from './commit.ts'
import { clearDebris } from './debris.ts'
import { checkWords, type HistoryEntry, type ReleaseCounts } from './entry.ts'
import { explained, ReleaseError } from './errors.ts'
import { makeFolders } from './folders.ts'
import { frozenError, readFreeze } from './freeze.ts'
import { nextNumber, readHistory } from './history.ts'
import { readLive, releaseFolder } from './live.ts'
import { damaged, mendRelease } from './mend-release.ts'
import { secureStacks } from './permissions.ts'
import type { ReleasePlaces } from './places.ts'
import { type LockOptions, PublisherLock } from './publisher-lock.ts'
import { isIntact, readKeptTree, readReleaseTree } from './read-release.ts'
import { type ReleaseHash, releaseHash, shortHash } from './release-hash.ts'
import { dropOldReleases } from './retention.ts'
import { settleRelease } from './settle-release.ts'
import { type SourceIndex, writeSourceIndex } from './source-index.ts'
import type { Tree, TreeFile } from './tree.ts'

export interface PublishRequest {
  readonly files: readonly TreeFile[]
  readonly counts: ReleaseCounts
  readonly author: string
  readonly reason: string
  readonly kind?: 'publish' | 'promote'
  /** What the release was made of. */
  readonly sources?: SourceIndex
  /** The files of the live release, from whoever read them while this publisher was open. */
  readonly live?: readonly TreeFile[]
}

export interface RollbackRequest {
  /** As `findEntry` understands it; what was live before when absent. */
  readonly to?: string | undefined
  readonly author: string
  readonly reason: string
  /** Also while publishing is frozen. */
  readonly evenIfFrozen?: boolean
  /** Looks at the tree before it goes live; throws what keeps it from that. */
  readonly check?: (tree: Tree, entry: HistoryEntry) => Promise<void>
}

export interface Released {
  readonly outcome: 'released'
  readonly entry: HistoryEntry
  readonly changes: Changes
}

/** The release was live already. `mended`: paths that somebody had changed by hand, and that are again what was published. */
export interface AlreadyLive {
  readonly outcome: 'already-live'
  readonly release: ReleaseHash
  readonly mended: readonly string[]
}

interface Opened {
  readonly lock: PublisherLock
  readonly archive: Archive
  readonly recovered: HistoryEntry | null
}

/**
 * The one who may change what is live. Open it for one change and dispose of it; it holds the lock meanwhile. Opening finishes what a
 * killed publisher began. A method that throws did not change what is live.
 */
export class Publisher implements AsyncDisposable {
  /** The entry that a killed publisher had made live, and that is in the history only now. */
  readonly recovered: HistoryEntry | null
  readonly #places: ReleasePlaces
  readonly #clock: Clock
  readonly #keep: number
  readonly #lock: PublisherLock
  readonly #archive: Archive
  readonly #signal: AbortSignal | undefined

  private constructor(options: LockOptions & { keep: number }, { lock, archive, recovered }: Opened) {
    this.#places = options.places
    this.#clock = options.clock
    this.#keep = options.keep
    this.#signal = options.signal
    this.#lock = lock
    this.#archive = archive
    this.recovered = recovered
  }

  /** @throws ReleaseError 'busy', 'bad-live', 'no-permission' */
  static async open(options: LockOptions & { keep: number }): Promise<Publisher> {
    const { places, clock, keep } = options
    await makeFolders(places)
    const lock = await PublisherLock.acquire(options)
    const archive = new Archive(places)
    try {
      const recovered = await explained(`write below ${places.releases}`, async () => {
        const entry = await settlePending(places)
        await clearDebris(places, clock.now())
        await dropOldReleases(places, archive, keep)
        return entry
      })
      return new Publisher(options, { lock, archive, recovered })
    } catch (error) {
      archive[Symbol.dispose]()
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Before work that would be for nothing. @throws ReleaseError 'frozen', 'bad-freeze' */
  async assertNotFrozen(): Promise<void> {
    const freeze = await readFreeze(this.#places, this.#clock.now())
    if (freeze !== null) throw frozenError(freeze)
  }

  /**
   * Makes these files the live release.
   *
   * @throws ReleaseError 'frozen', 'bad-reason', 'damaged', 'disk-full', 'no-permission'
   */
  async publish(request: PublishRequest): Promise<Released | AlreadyLive> {
    checkWords(request)
    const { files, counts, author, reason, kind = 'publish', sources } = request
    await this.assertNotFrozen()
    const release = releaseHash(files)
    const live = await readLive(this.#places)
    if (live === release) return { outcome: 'already-live', release, mended: await this.#mend(release, files) }
    const before = request.live ?? (await this.#tree(live))
    await this.#settle(release, files)
    if (sources !== undefined) await this.#explained(() => writeSourceIndex(this.#places, release, sources))
    return await this.#goLive({ release, kind, author, reason, basedOn: live, restores: null, counts }, before, files)
  }

  /**
   * Makes an old release live again, as a new entry.
   *
   * @throws ReleaseError 'frozen', 'no-release', 'already-live', 'damaged', 'bad-reason', 'disk-full', 'no-permission'
   */
  async rollback(request: RollbackRequest): Promise<Released> {
    checkWords(request)
    if (request.evenIfFrozen !== true) await this.assertNotFrozen()
    const live = await readLive(this.#places)
    const { entries } = await readHistory(this.#places)
    const target = request.to === undefined ? entryBefore(entries, live) : findEntry(entries, live, request.to)
    if (target.release === live) {
      throw new ReleaseError('already-live', `release ${shortHash(target.release)} is live already; name another one`)
    }
    const tree = await this.#kept(target)
    await request.check?.(tree, target)
    await this.#settle(target.release, tree.files)
    const { release, number, counts, restores } = target
    const { author, reason } = request
    const entry = {
      release,
      kind: 'rollback',
      author,
      reason,
      basedOn: live,
      restores: restores ?? number,
      counts,
    } as const
    return await this.#goLive(entry, await this.#tree(live), tree.files)
  }

  /**
   * Makes a release live that was published on another server; a freeze holds for who publishes, not for who follows.
   *
   * @throws ReleaseError 'damaged', 'disk-full', 'no-permission'
   */
  async adopt(adoption: Adoption): Promise<void> {
    await this.#explained(() => adopt(this.#places, this.#archive, adoption, { signal: this.#signal }))
    await Promise.allSettled([dropOldReleases(this.#places, this.#archive, this.#keep)])
  }

  /** Keeps an old release of the history, which can be gone back to then. @throws as `adopt` */
  async keep(release: ReleaseHash, files: readonly TreeFile[]): Promise<void> {
    await this.#archive.put(release, files, { signal: this.#signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#archive[Symbol.dispose]()
    await this.#lock[Symbol.asyncDispose]()
  }

  async #goLive(
    entry: Omit<HistoryEntry, 'number' | 'time' | 'files' | 'changes'>,
    before: readonly TreeFile[],
    after: readonly TreeFile[],
  ): Promise<Released> {
    const changes = changesBetween(before, after)
    const { added, changed, removed } = changes
    const complete: HistoryEntry = {
      ...entry,
      number: await nextNumber(this.#places),
      time: new Date(this.#clock.now()).toISOString(),
      files: after.length,
      changes: { added: added.length, changed: changed.length, removed: removed.length },
    }
    this.#signal?.throwIfAborted()
    if (entry.kind !== 'rollback') await this.assertNotFrozen()
    await commit(this.#places, complete)
    // What is left to do is done by the next one where it fails.
    await Promise.allSettled([dropOldReleases(this.#places, this.#archive, this.#keep), secureStacks(this.#places)])
    return { outcome: 'released', entry: complete, changes }
  }

  async #mend(live: ReleaseHash, files: readonly TreeFile[]): Promise<string[]> {
    const options = { signal: this.#signal }
    const present = await readReleaseTree(this.#places, live, options)
    if (present !== null && isIntact(live, present)) return []
    return await this.#explained(async () => {
      if (present !== null) return await mendRelease(this.#places, live, files, present, options)
      await settleRelease(this.#places, live, files, options)
      return files.map(({ path }) => path)
    })
  }

  /** What is live, for the count of changes; nothing where its folder is gone. */
  async #tree(live: ReleaseHash | null): Promise<readonly TreeFile[]> {
    if (live === null) return []
    return (await readReleaseTree(this.#places, live, { signal: this.#signal }))?.files ?? []
  }

  async #kept(entry: HistoryEntry): Promise<Tree> {
    const { release, number } = entry
    const tree = await readKeptTree(this.#places, this.#archive, release, { signal: this.#signal })
    if (tree === null) {
      throw new ReleaseError(
        'no-release',
        `release ${shortHash(release)} (number ${number}) is no longer kept: the last ${this.#keep} are; publish its sources again`,
      )
    }
    if (isIntact(release, tree)) return tree
    throw damaged(
      releaseFolder(this.#places, release),
      release,
      tree.problems[0]?.message ?? 'its files differ',
      undefined,
    )
  }

  async #settle(release: ReleaseHash, files: readonly TreeFile[]): Promise<void> {
    const options = { signal: this.#signal }
    await this.#explained(() => settleRelease(this.#places, release, files, options))
    await this.#archive.put(release, files, options)
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    return await explained(`write below ${this.#places.releases}`, work)
  }
}
