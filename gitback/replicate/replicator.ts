import { join } from 'node:path'
import {
  isAtLeast,
  isProjectRef,
  NO_COMMIT,
  type Project,
  ProjectError,
  type Projects,
  type RefUpdate,
  refUpdateBody,
} from '#gitback/project'
import type { BareRepository, Quarantine, QuarantineLimits, RefMove } from '#gitback/repo'
import { fetchObjects, serveUploadPack } from '#gitback/wire'
import { type Host, type PeerId, peerIdOf, publicKeyOf } from '#node/host'
import {
  backoff,
  type Clock,
  fromHex,
  isAbort,
  jitter,
  KeyedMutex,
  type Logger,
  messageOf,
  type Random,
  TaskGroup,
  toHex,
} from '#node/kit'
import type { SignedRecord } from '#swarm/record'
import { ReplicaError } from './errors.ts'
import { type ContentCheck, HeldProject, type RefStatus } from './held-project.ts'

export interface ReplicatorOptions {
  host: Host
  projects: Projects
  /** Holds `<project id>.git`. */
  folder: string
  /** Public key of this machine. */
  self: string
  clock: Clock
  random: Random
  logger: Logger
  /** Gossips a record that was accepted here. */
  announce: (record: SignedRecord) => Promise<void>
  /** For projects of the policy `stacks`; nothing more is asked of others. */
  checkStacks?: ContentCheck
  /** Of what comes from others; where nothing is said, `QUARANTINE_LIMITS`. */
  limits?: Partial<QuarantineLimits>
}

/** What gossip did not bring, and what could not be fetched, is tried again this often; sooner when it has just failed. */
const RETRY_MS = 30_000
const FIRST_RETRY_MS = 1_000
/** A burst of pushes is one round. */
const QUIET_MS = 50

/**
 * Keeps the projects that this machine holds a seat of where the signed updates say they are, fetching from whichever seated machine is
 * connected, and gives objects to others. Every machine pulls; none writes to another.
 */
export class Replicator {
  readonly #options: ReplicatorOptions
  readonly #held = new Map<string, Promise<HeldProject>>()
  readonly #mutex = new KeyedMutex()
  readonly #soon = new Map<string, { readonly timer: NodeJS.Timeout; readonly at: number }>()
  /** Rounds of a project, one after the other, that left something undone. */
  readonly #failures = new Map<string, number>()
  readonly #stop = new AbortController()
  readonly #tasks: TaskGroup
  readonly #listeners = new Set<(project: Project, moves: readonly RefMove[]) => void>()
  #retry: NodeJS.Timeout | undefined

  private constructor(options: ReplicatorOptions) {
    this.#options = options
    this.#tasks = new TaskGroup(error => {
      if (!isAbort(error)) options.logger.warn('replication-failed', { reason: messageOf(error) })
    })
  }

  static async start(options: ReplicatorOptions): Promise<Replicator> {
    const replicator = new Replicator(options)
    const { host, projects, logger } = options
    await serveUploadPack({ host, logger, folderFor: (project, peer) => replicator.#folderFor(project, peer) })
    const unsubscribe = projects.onChange(({ project }) => replicator.#reconcileSoon(project))
    const forget = host.onPeer(({ type }) => {
      if (type === 'connect') for (const { id } of projects.all()) replicator.#reconcileSoon(id)
    })
    replicator.#stop.signal.addEventListener(
      'abort',
      () => {
        unsubscribe()
        forget()
      },
      { once: true },
    )
    for (const { id } of projects.all()) replicator.#reconcileSoon(id)
    replicator.#scheduleRetry()
    return replicator
  }

  /** Called after refs of a project moved. Returns the unsubscriber. */
  onMoved(listener: (project: Project, moves: readonly RefMove[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  isHeld(project: string): boolean {
    return this.#options.projects.isSeated(project, this.#options.self)
  }

  folderOf(project: string): string {
    return join(this.#options.folder, `${project}.git`)
  }

  /** @throws ReplicaError 'not-held' */
  async repository(project: string): Promise<BareRepository> {
    return (await this.#open(project)).repository
  }

  /** @throws ReplicaError 'not-held' */
  async status(project: string, options: { signal?: AbortSignal } = {}): Promise<readonly RefStatus[]> {
    return (await this.#open(project)).status(options)
  }

  /**
   * What a member signs to say that a ref is at a commit now. It follows the heads that the commit builds on, so that what the signer
   * has not seen stays a head of its own; with `ends: 'all'` it follows whatever is known here, which ends a divergence.
   * @throws ProjectError 'unknown-project', ReplicaError 'not-held', 'refused' for a name that no project's ref may have
   */
  async draft(
    project: string,
    change: { ref: string; to: string; signer: string; ends?: 'seen' | 'all' },
    options: { signal?: AbortSignal } = {},
  ): Promise<ReturnType<typeof refUpdateBody>> {
    const { projects, clock } = this.#options
    const { ref, to, signer, ends = 'seen' } = change
    if (projects.get(project) === null) throw unknown(project)
    if (!isProjectRef(ref)) {
      throw new ReplicaError('refused', `'${ref.slice(0, 100)}' is neither a branch nor a tag of a project`)
    }
    const held = await this.#open(project)
    const heads = ends === 'all' ? projects.heads(project, ref) : await held.seenBy(to, ref, options)
    return refUpdateBody({
      project,
      ref,
      old: heads[0]?.new ?? NO_COMMIT,
      new: to,
      seq: 1 + Math.max(0, ...heads.map(({ seq }) => seq)),
      parents: heads.map(({ hash }) => hash),
      signer,
      issuedAt: clock.now(),
    })
  }

  /**
   * Takes a pack of somebody on this machine who is about to push: everything that the tips need and the repository does not have.
   * @throws RepoError 'bad-objects', 'too-large', 'disk-full'; ReplicaError 'not-held'
   */
  async receive(
    project: string,
    tips: readonly string[],
    pack: AsyncIterable<Uint8Array>,
    options: { signal: AbortSignal },
  ): Promise<void> {
    const held = await this.#open(project)
    const signal = AbortSignal.any([options.signal, this.#stop.signal])
    await this.#mutex.run(project, () =>
      held.take(tips, { bring: (_, quarantine) => quarantine.receive(pack, { signal }), check: this.#check, signal }),
    )
  }

  /**
   * Takes a signed update whose objects are in the repository already, moves the ref and tells the others. Durable when it resolves.
   * @throws ProjectError 'not-a-member', ReplicaError 'refused', 'diverged', RecordError
   */
  async submit(update: RefUpdate, record: SignedRecord, options: { signal: AbortSignal }): Promise<void> {
    const { projects, announce } = this.#options
    const held = await this.#open(update.project)
    if (!isAtLeast(projects.standing(update.project, update.signer), 'write')) {
      throw new ProjectError('not-a-member', `${update.signer.slice(0, 12)}… may not write to '${held.project.handle}'`)
    }
    await this.#mutex.run(update.project, () => held.foresee(update, options))
    const outcome = await projects.offer(record, { sync: true })
    if (outcome === 'held' || outcome === 'outdated') throw new ReplicaError('refused', notTaken(update, outcome))
    await announce(record)
    await this.reconcile(update.project, options)
    const problem = held.problems.get(update.ref)
    const at = (await held.repository.ref(update.ref, options)) ?? NO_COMMIT
    if (problem !== undefined && at !== update.new)
      throw new ReplicaError('refused', `the push is signed and told, but ${problem}`)
  }

  /** Brings one project up to date now. */
  async reconcile(project: string, options: { signal: AbortSignal }): Promise<void> {
    const { projects, logger } = this.#options
    if (projects.get(project) === null || !this.isHeld(project)) return
    let isDone = false
    await this.#mutex
      .run(project, async () => {
        const held = await this.#open(project)
        const moves = await held.reconcile({
          bring: (repository, quarantine, commits, signal) =>
            this.#bring(project, repository, quarantine, commits, signal),
          check: this.#check,
          signal: AbortSignal.any([options.signal, this.#stop.signal]),
        })
        for (const { ref, from, to } of moves) {
          logger.info('ref-moved', { project: held.project.handle, id: project, ref, from, to })
        }
        for (const [ref, reason] of held.problems) {
          logger.warn('ref-stays', { project: held.project.handle, id: project, ref, reason })
        }
        if (moves.length > 0) for (const listener of this.#listeners) listener(held.project, moves)
        isDone = held.problems.size === 0
      })
      .finally(() => this.#noteRound(project, isDone))
  }

  async close(): Promise<void> {
    this.#stop.abort(new ReplicaError('unavailable', 'the machine is shutting down'))
    clearTimeout(this.#retry)
    for (const { timer } of this.#soon.values()) clearTimeout(timer)
    this.#soon.clear()
    await this.#tasks.settled()
  }

  readonly #check: ContentCheck = async (project, commit, where) => {
    if (project.policy === 'stacks') await this.#options.checkStacks?.(project, commit, where)
  }

  /** There is news, which may be what was missing. */
  #reconcileSoon(project: string): void {
    this.#failures.delete(project)
    this.#reconcileIn(QUIET_MS, project)
  }

  #reconcileIn(waitMs: number, project: string): void {
    if (this.#stop.signal.aborted || !this.isHeld(project)) return
    const at = performance.now() + waitMs
    const planned = this.#soon.get(project)
    if (planned !== undefined && planned.at <= at) return
    clearTimeout(planned?.timer)
    const timer = setTimeout(() => {
      this.#soon.delete(project)
      this.#tasks.run(() => this.reconcile(project, { signal: this.#stop.signal }))
    }, waitMs)
    this.#soon.set(project, { timer, at })
  }

  /** A machine that was asked may have learnt only now that this one may ask: no news comes of that. */
  #noteRound(project: string, isDone: boolean): void {
    if (isDone) {
      this.#failures.delete(project)
      return
    }
    const failures = this.#failures.get(project) ?? 0
    this.#failures.set(project, failures + 1)
    const waitMs = backoff(failures, { firstMs: FIRST_RETRY_MS, mostMs: RETRY_MS }, this.#options.random)
    if (waitMs < RETRY_MS / 2) this.#reconcileIn(waitMs, project)
  }

  #scheduleRetry(): void {
    this.#retry = setTimeout(
      () => {
        for (const { id } of this.#options.projects.all()) this.#reconcileIn(QUIET_MS, id)
        this.#scheduleRetry()
      },
      jitter(RETRY_MS, 0.2, this.#options.random),
    )
  }

  async #open(project: string): Promise<HeldProject> {
    const known = this.#options.projects.get(project)
    if (known === null) throw unknown(project)
    if (!this.isHeld(project)) {
      throw new ReplicaError(
        'not-held',
        `this machine does not hold '${known.handle}'; join it first: vigo swarm gitback project join`,
      )
    }
    const { projects, limits } = this.#options
    const opening = this.#held.get(project) ?? HeldProject.open(known, this.folderOf(project), projects, limits)
    this.#held.set(project, opening)
    opening.catch(() => this.#held.delete(project))
    return await opening
  }

  async #folderFor(project: string, peer: PeerId): Promise<{ folder: string } | { refusal: string }> {
    if (!this.isHeld(project)) return { refusal: 'this machine does not hold the project' }
    if (!this.#options.projects.isSeated(project, toHex(publicKeyOf(peer)))) {
      return { refusal: 'no member who may read the project has a seat on your machine' }
    }
    return { folder: (await this.repository(project)).folder }
  }

  /** Asks seated machines, connected ones in random order, until everything is there. */
  async #bring(
    project: string,
    repository: BareRepository,
    quarantine: Quarantine,
    commits: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    const { host, projects, self, random, logger } = this.#options
    const connected = new Set(host.peers())
    const sources = [...new Set(projects.seats(project).map(({ peer }) => peer))]
      .filter(peer => peer !== self)
      .map(peer => peerIdOf(fromHex(peer)))
      .filter(peer => connected.has(peer))
      .map(peer => ({ peer, turn: random() }))
      .sort((a, b) => a.turn - b.turn)
    let missing = commits
    const reasons: string[] = []
    for (const { peer } of sources) {
      for (const commit of missing) {
        try {
          const { bytes } = await fetchObjects({ host, peer, project, repository, quarantine, wants: [commit], signal })
          logger.debug('git-fetched', { project, peer, commit, bytes })
          missing = missing.filter(other => other !== commit)
        } catch (error) {
          signal.throwIfAborted()
          reasons.push(messageOf(error))
        }
      }
      if (missing.length === 0) return
    }
    const tried = reasons.length === 0 ? 'no machine that holds it is connected' : reasons.slice(-2).join('; ')
    throw new ReplicaError('unavailable', `${missing.length} commits cannot be had now: ${tried}`)
  }
}

function notTaken({ ref }: RefUpdate, outcome: 'held' | 'outdated'): string {
  if (outcome === 'outdated') return `'${ref}' has moved on since the push was begun; fetch, then push again`
  return `the push to '${ref}' is not taken: the project has as many branches and tags as it may, or it was signed for a later time than it is here`
}

function unknown(project: string): ProjectError {
  return new ProjectError('unknown-project', `no project ${project.slice(0, 12)}… is known here`)
}
