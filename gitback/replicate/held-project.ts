import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { NO_COMMIT, type Project, type Projects, type RefUpdate } from '#gitback/project'
import { BareRepository, KEPT_HEADS, Quarantine, type QuarantineLimits, type RefMove, RepoError } from '#gitback/repo'
import { DeadlineError, messageOf, VigoError } from '#node/kit'
import { ReplicaError } from './errors.ts'
import { type Objects, type PresentPlan, planRef, type RefPlan } from './plan.ts'

/**
 * Looks at a commit of a quarantine before anything of it is visible.
 * @throws VigoError that says what is wrong with it; RepoError, DeadlineError when that cannot be told now
 */
export type ContentCheck = (
  project: Project,
  commit: string,
  where: { repository: string; environment: Readonly<Record<string, string>>; signal: AbortSignal },
) => Promise<void>

/** Fills a quarantine with commits from some other machine. @throws ReplicaError 'unavailable' */
export type Bring = (
  repository: BareRepository,
  quarantine: Quarantine,
  commits: readonly string[],
  signal: AbortSignal,
) => Promise<void>

/** Where the refs of a project should be. */
export type Updates = Pick<Projects, 'refs' | 'heads'>

export interface RefStatus {
  readonly ref: string
  /** Where it is here; null: nowhere. */
  readonly commit: string | null
  readonly heads: readonly RefUpdate[]
  readonly state: 'settled' | 'behind' | 'diverged' | 'refused'
  /** Why it is not settled. */
  readonly problem: string
}

/**
 * One project on this machine: its repository brought to where the signed updates say, one step after the other: objects into quarantine,
 * checked, admitted, kept from collection, and only then refs, by compare-and-swap. Killed at any point, the next `reconcile` goes on. One call
 * at a time, but for `status`.
 */
export class HeldProject {
  readonly project: Project
  readonly repository: BareRepository
  readonly #projects: Updates
  readonly #limits: Partial<QuarantineLimits>
  readonly #problems = new Map<string, string>()
  /** Commits whose content is not used, and why: nobody is asked for them again, and the next update follows theirs. */
  readonly #refused = new Map<string, string>()

  private constructor(
    project: Project,
    repository: BareRepository,
    projects: Updates,
    limits: Partial<QuarantineLimits>,
  ) {
    this.project = project
    this.repository = repository
    this.#projects = projects
    this.#limits = limits
  }

  static async open(
    project: Project,
    folder: string,
    projects: Updates,
    limits: Partial<QuarantineLimits> = {},
  ): Promise<HeldProject> {
    await mkdir(dirname(folder), { recursive: true, mode: 0o750 })
    const repository = await BareRepository.open(folder)
    await Quarantine.clear(repository)
    const held = new HeldProject(project, repository, projects, limits)
    await held.#forgetAbandoned()
    return held
  }

  /** Fetches what is missing and moves what is settled. Answers the refs that moved. */
  async reconcile(options: { bring: Bring; check: ContentCheck; signal: AbortSignal }): Promise<readonly RefMove[]> {
    const { signal } = options
    const moves: RefMove[] = []
    const local = await this.repository.refs({ signal })
    for (const ref of this.#projects.refs(this.project.id)) {
      if (this.#isThere(ref, local.get(ref) ?? NO_COMMIT)) {
        this.#problems.delete(ref)
        continue
      }
      try {
        const { move, problem } = await this.#reconcileRef(ref, options)
        if (move !== undefined) moves.push(move)
        if (problem === '') this.#problems.delete(ref)
        else this.#problems.set(ref, problem)
      } catch (error) {
        signal.throwIfAborted()
        this.#problems.set(ref, messageOf(error))
      }
    }
    return moves
  }

  /** Brings commits in, checked whole, and keeps them from collection until a ref has them. */
  async take(
    commits: readonly string[],
    { bring, check, signal }: { bring: Bring; check: ContentCheck; signal: AbortSignal },
  ): Promise<void> {
    await using quarantine = await Quarantine.open(this.repository, this.#limits)
    await bring(this.repository, quarantine, commits, signal)
    await quarantine.verify(commits, { signal })
    const { folder: repository } = this.repository
    for (const commit of commits) {
      try {
        await check(this.project, commit, { repository, environment: quarantine.environment, signal })
      } catch (error) {
        if (isVerdict(error)) this.#refused.set(commit, error.message)
        throw error
      }
    }
    await quarantine.admit()
    const kept = await this.repository.refs({ signal, hidden: [] })
    const moves = commits
      .filter(commit => !kept.has(`${KEPT_HEADS}${commit}`))
      .map(commit => ({ ref: `${KEPT_HEADS}${commit}`, from: NO_COMMIT, to: commit }))
    await this.repository.moveRefs(moves, { signal })
  }

  /** What would become of a ref if the update were taken. @throws ReplicaError 'refused', 'diverged', 'unavailable' when its objects are not here */
  async foresee(update: RefUpdate, options: { signal: AbortSignal }): Promise<void> {
    const heads = this.#projects.heads(this.project.id, update.ref).filter(({ hash }) => !update.parents.includes(hash))
    const current = (await this.repository.ref(update.ref, options)) ?? NO_COMMIT
    // By itself first: that it may not be is more to the point than what it would stand beside.
    outcomeOf(presentOf(await this.#planOf([update], current, options)))
    outcomeOf(presentOf(await this.#planOf([...heads, update], current, options)))
  }

  /**
   * The heads that whoever puts a ref at `to` has seen: what `to` descends from, what was refused here, and, where history may be rewritten,
   * what the ref is here.
   */
  async seenBy(to: string, ref: string, options: { signal?: AbortSignal } = {}): Promise<readonly RefUpdate[]> {
    const heads = this.#projects.heads(this.project.id, ref)
    if (heads.length === 0) return []
    const current = (await this.repository.ref(ref, options)) ?? NO_COMMIT
    const seen: RefUpdate[] = []
    for (const head of heads) {
      const isHere = head.new === current || head.new === NO_COMMIT
      const mayReplace = this.project.policy === 'any' || to === NO_COMMIT
      const isBelow = async (): Promise<boolean> =>
        to !== NO_COMMIT &&
        head.new !== NO_COMMIT &&
        (await this.repository.has(head.new, options)) &&
        (await this.repository.has(to, options)) &&
        (await this.repository.isAncestor(head.new, to, options))
      const isSeen = (isHere && mayReplace) || head.new === NO_COMMIT || this.#refused.has(head.new)
      if (isSeen || (await isBelow())) seen.push(head)
    }
    return seen
  }

  /** Why refs are not where they should be, by ref. */
  get problems(): ReadonlyMap<string, string> {
    return this.#problems
  }

  async status(options: { signal?: AbortSignal } = {}): Promise<readonly RefStatus[]> {
    const local = await this.repository.refs(options)
    const names = new Set([...this.#projects.refs(this.project.id), ...local.keys()])
    const statuses: RefStatus[] = []
    for (const ref of [...names].sort()) {
      const heads = this.#projects.heads(this.project.id, ref)
      const plan = await this.#plan(ref, local.get(ref) ?? NO_COMMIT, options)
      statuses.push({ ref, commit: local.get(ref) ?? null, heads, ...wordsOf(plan, this.#problems.get(ref)) })
    }
    return statuses
  }

  async #reconcileRef(
    ref: string,
    { bring, check, signal }: { bring: Bring; check: ContentCheck; signal: AbortSignal },
  ): Promise<{ readonly move?: RefMove; readonly problem: string }> {
    const current = (await this.repository.ref(ref, { signal })) ?? NO_COMMIT
    let plan = await this.#plan(ref, current, { signal })
    let problem = ''
    if (plan.kind === 'missing') {
      // One by one: what nobody has now keeps nothing else out.
      for (const commit of plan.commits) {
        try {
          const reason = this.#refused.get(commit)
          if (reason !== undefined) throw new ReplicaError('refused', reason)
          await this.take([commit], { bring, check, signal })
        } catch (error) {
          signal.throwIfAborted()
          problem = messageOf(error)
        }
      }
      plan = await this.#plan(ref, current, { signal })
    }
    const to = outcomeOf(presentOf(plan))
    if (to === undefined) return { problem }
    const move = { ref, to, from: current }
    await this.repository.moveRefs([move, ...(await this.#unkeep(ref, to, signal))], { signal })
    return { move, problem }
  }

  /** Whether nothing is to be done: the usual case, which costs no call of git. */
  #isThere(ref: string, current: string): boolean {
    const heads = this.#projects.heads(this.project.id, ref)
    return heads.every(head => head.new === current)
  }

  /** Commits of pushes that broke off before anybody signed them: nobody is pushing when the project is opened. */
  async #forgetAbandoned(): Promise<void> {
    const refs = this.#projects.refs(this.project.id)
    const wanted = new Set(refs.flatMap(ref => this.#projects.heads(this.project.id, ref).map(head => head.new)))
    const all = await this.repository.refs({ hidden: [] })
    const abandoned = [...all].filter(([name, commit]) => name.startsWith(KEPT_HEADS) && !wanted.has(commit))
    await this.repository.moveRefs(abandoned.map(([ref, from]) => ({ ref, from, to: NO_COMMIT })))
  }

  /** Kept heads that the ref's new commit makes reachable by itself. */
  async #unkeep(ref: string, to: string, signal: AbortSignal): Promise<RefMove[]> {
    if (to === NO_COMMIT) return []
    const others = this.#projects.refs(this.project.id).filter(other => other !== ref)
    const wanted = new Set(others.flatMap(other => this.#projects.heads(this.project.id, other).map(head => head.new)))
    const all = await this.repository.refs({ signal, hidden: [] })
    const moves: RefMove[] = []
    for (const [name, commit] of all) {
      if (!name.startsWith(KEPT_HEADS) || wanted.has(commit)) continue
      if (await this.repository.isAncestor(commit, to, { signal }))
        moves.push({ ref: name, from: commit, to: NO_COMMIT })
    }
    return moves
  }

  async #plan(ref: string, current: string, options: { signal?: AbortSignal }): Promise<RefPlan> {
    return this.#planOf(this.#projects.heads(this.project.id, ref), current, options)
  }

  async #planOf(heads: readonly RefUpdate[], current: string, options: { signal?: AbortSignal }): Promise<RefPlan> {
    // The usual case, which needs no git.
    if (heads.every(head => head.new === current)) return { kind: 'nothing' }
    return planRef(heads, current, this.project.policy, await this.#objects(heads, current, options))
  }

  async #objects(heads: readonly RefUpdate[], current: string, options: { signal?: AbortSignal }): Promise<Objects> {
    const commits = [...new Set([current, ...heads.map(head => head.new)])].filter(commit => commit !== NO_COMMIT)
    const present = new Set<string>()
    for (const commit of commits) if (await this.repository.has(commit, options)) present.add(commit)
    const below = new Set<string>()
    for (const older of present) {
      for (const newer of present) {
        if (older !== newer && (await this.repository.isAncestor(older, newer, options))) below.add(`${older} ${newer}`)
      }
    }
    return {
      has: commit => present.has(commit),
      isAncestor: (older, newer) => older === newer || below.has(`${older} ${newer}`),
    }
  }
}

/** What is wrong with the commit, and will be tomorrow. What was sent, somebody else may send better. */
function isVerdict(error: unknown): error is VigoError {
  return error instanceof VigoError && !(error instanceof RepoError || error instanceof DeadlineError)
}

/** Where the ref goes; undefined when it stays because it is there. @throws ReplicaError that says why it cannot go */
function outcomeOf(plan: PresentPlan): string | undefined {
  switch (plan.kind) {
    case 'nothing':
      return undefined
    case 'diverged':
      throw new ReplicaError('diverged', divergence(plan.heads))
    case 'refused':
      throw new ReplicaError('refused', plan.reason)
    case 'settled':
      return plan.to
  }
}

function presentOf(plan: RefPlan): PresentPlan {
  return plan.kind === 'missing' ? plan.meanwhile : plan
}

function wordsOf(plan: RefPlan, problem = ''): Pick<RefStatus, 'state' | 'problem'> {
  switch (plan.kind) {
    case 'nothing':
      return { state: 'settled', problem: '' }
    case 'settled':
      return { state: 'behind', problem }
    case 'missing':
      return plan.meanwhile.kind === 'diverged' ? wordsOf(plan.meanwhile) : { state: 'behind', problem }
    case 'diverged':
      return { state: 'diverged', problem: divergence(plan.heads) }
    case 'refused':
      return { state: 'refused', problem: plan.reason }
  }
}

function divergence(heads: readonly RefUpdate[]): string {
  const names = heads.map(head => `${head.new.slice(0, 12)} by ${head.signer.slice(0, 12)}`).join(' and ')
  return `it has ${heads.length} heads that nobody joined: ${names}; push a merge of them, or take one`
}
