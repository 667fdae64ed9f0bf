import type { TreeChecker } from '#config/publish'
import { KEPT_RELEASES, type Releases, type SourceIndex, shortHash, type TreeFile } from '#config/store'
import type { BareRepository } from '#gitback/repo'
import type { Audit } from '#node/audit'
import { backoff, type Clock, isAbort, KeyedMutex, type Logger, messageOf, type Random, TaskGroup } from '#node/kit'
import type { Member } from '#node/member'
import type { Policy } from '../policy/types.ts'
import { checkedFiles } from './check-files.ts'
import { SpannerError } from './errors.ts'
import type { ReleaseNote } from './release-commit.ts'
import { MAIN } from './stacks-project.ts'
import { historyOf, noteOf, releaseOf, type StacksCommit, treeOf } from './stacks-repository.ts'

/** Any number of pushes within it are one reload. */
const QUIET_MS = 250
/** What could not be made live is tried again, at last this often. */
const RETRY = { firstMs: 1_000, mostMs: 30_000 }
/** For somebody who works on the releases by hand. */
const LOCK_MS = 60_000

export interface StackswatchOptions {
  readonly project: string
  readonly replicator: Member['replicator']
  readonly releases: Releases
  readonly policy: Pick<Policy, 'reload' | 'problem' | 'release'>
  readonly checker: TreeChecker
  readonly audit: Audit
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * Makes live here what is newest in the stacks: after each move of their branch, the release is taken out of the repository, checked as a
 * whole, written, swapped in and loaded. What is wrong with it leaves the release before live, and is the `problem`.
 */
export class Stackswatch {
  readonly #options: StackswatchOptions
  readonly #stop = new AbortController()
  readonly #mutex = new KeyedMutex()
  readonly #tasks: TaskGroup
  readonly #listeners = new Set<() => void>()
  #unsubscribe: () => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #followed: string | null = null
  #note: ReleaseNote | null = null
  #refused: { readonly commit: string; readonly problem: string } | null = null
  #failures = 0

  constructor(options: StackswatchOptions) {
    this.#options = options
    this.#tasks = new TaskGroup(error => {
      if (!isAbort(error)) options.logger.error('stackswatch-failed', { reason: messageOf(error) })
    })
  }

  /** What is known of the release that is live already: whoever asks for `note` may do so before anything is followed. */
  async recall(options: { signal: AbortSignal }): Promise<void> {
    const { replicator, project, releases } = this.#options
    if (!replicator.isHeld(project)) return
    const repository = await replicator.repository(project)
    const commit = await repository.ref(MAIN, options)
    if (commit === null) return
    const note = await noteOf(repository.folder, commit, options)
    if (note.release === (await releases.live())) this.#note = note
  }

  start(): void {
    const { replicator, project } = this.#options
    this.#unsubscribe = replicator.onMoved(({ id }) => {
      if (id === project) this.#later(QUIET_MS)
    })
    this.#later(0)
  }

  /** The commit whose release is in force here. */
  get followed(): string | null {
    return this.#followed
  }

  /** What its commit says of the release that is in force here, or just about to be. */
  get note(): ReleaseNote | null {
    return this.#note
  }

  /** Why the newest release is not live here; empty when it is, or when there is none. */
  get problem(): string {
    return this.#refused?.problem ?? ''
  }

  /** After what is live here, or the problem, changed. Returns the unsubscriber. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Makes the newest release live now. What is wrong with it is the `problem` afterwards. */
  async follow(options: { signal: AbortSignal }): Promise<void> {
    const signal = AbortSignal.any([options.signal, this.#stop.signal])
    await this.#mutex.run('follow', async () => {
      const { replicator, project } = this.#options
      if (!replicator.isHeld(project)) return
      const repository = await replicator.repository(project)
      const commit = await repository.ref(MAIN, { signal })
      if (commit === null || commit === this.#followed) return
      try {
        await this.#makeLive(repository, commit, signal)
        this.#followed = commit
        this.#refused = null
        this.#failures = 0
      } catch (error) {
        signal.throwIfAborted()
        const problem = messageOf(error)
        if (this.#refused?.commit !== commit || this.#refused.problem !== problem) {
          this.#options.logger.error('release-refused', { commit, reason: problem }, problem)
        }
        this.#failures = this.#refused?.commit === commit ? this.#failures + 1 : 0
        this.#refused = { commit, problem }
        this.#later(backoff(this.#failures, RETRY, this.#options.random))
      }
      for (const listener of this.#listeners) listener()
    })
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    clearTimeout(this.#timer)
    this.#stop.abort(new SpannerError('standalone', 'the server is shutting down'))
    await this.#tasks.settled()
  }

  #later(waitMs: number): void {
    if (this.#stop.signal.aborted) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#tasks.run(() => this.follow({ signal: this.#stop.signal })), waitMs)
  }

  async #makeLive(repository: BareRepository, commit: string, signal: AbortSignal): Promise<void> {
    const { releases, policy, checker, audit, logger } = this.#options
    const { folder } = repository
    const { note, files } = await releaseOf(folder, commit, { signal })
    const history = await historyOf(folder, commit, { signal })
    const { errors } = await checkedFiles(checker, files, signal)
    const [first] = errors
    if (first !== undefined) {
      const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`
      throw new SpannerError(
        'bad-release',
        `release ${shortHash(note.release)} by ${note.author} on ${note.bolt} is not valid here: ${first.span.file.path}: ${first.message}${more}`,
      )
    }
    const sources: SourceIndex = hashesOf(await treeOf(folder, commit, 'stacks', { signal }))
    const before = await releases.live()
    await using publisher = await releases.publisher({ doing: 'follow', waitMs: LOCK_MS, signal })
    await publisher.adopt({ history: history.map(({ entry }) => entry), files, sources })
    this.#note = note
    await policy.reload({ signal })
    if (policy.problem !== null) throw new SpannerError('not-live', policy.problem.message)
    if (before !== note.release) {
      const { number } = history.at(-1)?.entry ?? { number: 0 }
      logger.info('release-followed', { release: note.release, number, commit, bolt: note.bolt, author: note.author })
      await audit.append({
        actor: note.author,
        via: 'system',
        action: 'config.follow',
        target: note.release,
        outcome: 'done',
        details: { number, commit, bolt: note.bolt, reason: note.reason },
      })
    }
    await this.#keepOlder(repository, commit, history, publisher, signal)
  }

  /** So that a bolt that came later can go back, and tell differences, like those that were there. What is newer comes first. */
  async #keepOlder(
    repository: BareRepository,
    head: string,
    history: readonly StacksCommit[],
    publisher: { keep(release: string, files: readonly TreeFile[]): Promise<void> },
    signal: AbortSignal,
  ): Promise<void> {
    const { releases, logger } = this.#options
    const newest = new Map(history.toReversed().map(({ note, commit }) => [note.release, commit] as const))
    for (const [release, commit] of [...newest].slice(0, KEPT_RELEASES)) {
      if (await releases.isKept(release)) continue
      if ((await repository.ref(MAIN, { signal })) !== head) return
      try {
        await publisher.keep(release, (await releaseOf(repository.folder, commit, { signal })).files)
      } catch (error) {
        signal.throwIfAborted()
        logger.debug('release-not-kept', { release, reason: messageOf(error) })
      }
    }
  }
}

function hashesOf(files: readonly TreeFile[]): SourceIndex {
  return new Map(files.map(({ path, sha256 }) => [path, sha256]))
}
