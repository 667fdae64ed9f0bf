import { type RollbackResult, type TreeChecker, treeChecker } from '#config/publish'
import {
  changesBetween,
  checkWords,
  entryBefore,
  findEntry,
  type HistoryEntry,
  ReleaseError,
  type ReleaseHash,
  type Releases,
  releaseHash,
  shortHash,
  type TreeFile,
} from '#config/store'
import type { RefStatus } from '#gitback/replicate'
import { type BareRepository, blobName } from '#gitback/repo'
import type { BoltReport, BoltRow, SnapshotFiles, SpannerStatus, StacksHead } from '#node/api'
import type { Audit } from '#node/audit'
import { KeyedMutex, type Logger, messageOf, type Random, toHex } from '#node/kit'
import type { Member } from '#node/member'
import type { SignedRecord, Signer } from '#swarm/record'
import type { CurrentSettings } from '../current-settings.ts'
import type { FleetView } from '../fleet/types.ts'
import type { Policy } from '../policy/types.ts'
import type { RestHandlers } from '../rest/index.ts'
import { diagnosticRows } from '../rest/present.ts'
import { type BoltSeen, Bolts } from './bolts.ts'
import { checkedFiles } from './check-files.ts'
import { clockProblem, ownClockProblem } from './clocks.ts'
import { SpannerError } from './errors.ts'
import type { FleetHomes } from './homes.ts'
import { Readiness } from './readiness.ts'
import { receivedFiles } from './received-files.ts'
import type { ReleaseNote } from './release-commit.ts'
import { Routing } from './routing.ts'
import { MAIN, StacksProject } from './stacks-project.ts'
import { historyOf, listOf, noteOf, releaseOf, type StacksCommit, treeOf } from './stacks-repository.ts'
import { byPath, commitFiles, type NewRelease, StacksWriter, standaloneHistory } from './stacks-writer.ts'
import { Stackswatch } from './stackswatch.ts'
import { standalonePublishing } from './standalone.ts'
import { enterSpannerMode } from './switch-mode.ts'
import type { PublishAnswer, Publishing, Sources, Spanner, Words } from './types.ts'

export interface SpannerOptions {
  readonly member: Member
  readonly signer: Signer
  readonly settings: CurrentSettings
  readonly releases: Releases
  readonly policy: Policy
  readonly fleet: Pick<FleetView, 'counts'>
  readonly homes: FleetHomes
  readonly audit: Audit
  readonly version: string
  readonly random: Random
  readonly logger: Logger
  /** What this server answers on its routes. */
  readonly handlers: () => RestHandlers
}

/** To look at the repository when the server starts. */
const RECALL_MS = 60_000

type Published = Extract<PublishAnswer, { outcome: 'published' }>

/** The configuration that this server shares with others, and those others. Alone, it publishes into its own folder. */
export class LiveSpanner implements Spanner {
  readonly #options: SpannerOptions
  readonly #stacks: StacksProject
  readonly #writer: StacksWriter
  readonly #watch: Stackswatch
  readonly #bolts: Bolts
  readonly #routing: Routing
  readonly #alone: Publishing
  readonly #readiness: Readiness
  readonly #checker: TreeChecker = treeChecker()
  readonly #mutex = new KeyedMutex()

  private constructor(options: SpannerOptions) {
    const { member, signer, logger, releases, policy, homes, audit, random, handlers } = options
    this.#options = options
    this.#stacks = new StacksProject({ member, signer, logger })
    const project = this.#stacks.id
    this.#writer = new StacksWriter({ project, member, signer })
    const { replicator, replication, roster, routes, clock } = member
    const checker = this.#checker
    this.#watch = new Stackswatch({ project, replicator, releases, policy, checker, audit, clock, random, logger })
    const self = toHex(signer.publicKey)
    const hasRelease = (): boolean => policy.release !== null
    this.#readiness = new Readiness({ project, member, self, watch: this.#watch, hasRelease, clock })
    this.#bolts = new Bolts({ member, report: () => this.report(), handlers, logger })
    const announce = (record: SignedRecord): Promise<void> => replication.publish('routes', record)
    this.#routing = new Routing({ roster, routes, homes, signer, clock, announce })
    this.#alone = standalonePublishing(releases)
  }

  /** Answers other bolts, and follows what they publish, from now on. */
  static async open(options: SpannerOptions): Promise<LiveSpanner> {
    const spanner = new LiveSpanner(options)
    await spanner.#bolts.serve()
    await spanner.#stacks.look()
    if (spanner.mode === 'spanner') {
      await spanner.#watch.recall({ signal: AbortSignal.timeout(RECALL_MS) })
      spanner.#watch.start()
    }
    return spanner
  }

  get mode(): 'standalone' | 'spanner' {
    return this.#options.settings.now.spanner?.mode ?? 'standalone'
  }

  /** Why envoys are not to be answered yet; null when they are. */
  whyNotReady(): string | null {
    return this.mode === 'standalone' ? null : this.#readiness.whyNot()
  }

  /** Where a release was published it is judged: several servers would take it back several times. */
  judges(release: ReleaseHash): boolean {
    if (this.mode === 'standalone') return true
    const note = this.#watch.note
    return note?.release === release && note.bolt === this.#options.member.self.hostname
  }

  onChange(listener: () => void): () => void {
    const { projects, routes, roster } = this.#options.member
    const ends = [
      this.#watch.onChange(listener),
      projects.onChange(({ project }) => project === this.#stacks.id && listener()),
      routes.onChange(listener),
      roster.onChange(listener),
    ]
    return () => {
      for (const end of ends) end()
    }
  }

  async close(): Promise<void> {
    await this.#watch.close()
    await this.#stacks.close()
  }

  async report(): Promise<BoltReport> {
    const { policy, fleet, version, member } = this.#options
    const { envoys: total, connected, upToDate: converged } = fleet.counts()
    const refusal = policy.problem?.message ?? ''
    return {
      version,
      release: policy.release,
      configVersion: policy.version,
      loadedAt: policy.loadedAt,
      head: this.#watch.followed,
      problem: this.#watch.problem || refusal,
      envoys: { connected, converged, total },
      startedAt: member.startedAt,
    }
  }

  async status({ signal }: { signal: AbortSignal }): Promise<SpannerStatus> {
    const { member, policy } = this.#options
    const bolts = await this.#rows(await this.#bolts.seen({ signal }))
    const base = { server: member.self.hostname, release: policy.release, bolts }
    const isShared = this.mode === 'spanner'
    if (!isShared) {
      return { ...base, mode: 'standalone', project: null, head: null, state: 'standalone', problem: '', heads: [] }
    }
    const { id } = this.#stacks
    const project = { id, url: `gitback://${id}/stacks` }
    if (!member.replicator.isHeld(id)) {
      const problem = 'the founding server has not let this one into the stacks yet; is it connected?'
      return { ...base, mode: 'spanner', project, head: null, state: 'behind', problem, heads: [] }
    }
    const refs = await member.replicator.status(id, { signal })
    const main = refs.find(({ ref }) => ref === MAIN)
    const state = main?.state ?? 'settled'
    const isBehind = state === 'settled' && this.#watch.problem !== ''
    return {
      ...base,
      mode: 'spanner',
      project,
      head: main?.commit ?? null,
      state: isBehind ? 'refused' : state,
      problem: this.#problemOf(main) || this.#watch.problem || ownClockProblem(this.#bolts.clocks),
      heads: [...(await this.#heads(signal))],
    }
  }

  async bolt(reference: string, { signal }: { signal: AbortSignal }): Promise<BoltRow> {
    const { peer } = this.#bolts.find(reference)
    const rows = await this.#rows(await this.#bolts.seen({ signal }))
    const row = rows.find(other => other.peer === peer)
    if (row === undefined) throw new SpannerError('unknown-bolt', `'${reference}' has just left the fleet`)
    return row
  }

  async init(words: Words, { signal }: { signal: AbortSignal }): Promise<void> {
    await this.#mutex.run('write', async () => {
      const { member, releases, settings } = this.#options
      if (this.mode === 'spanner') {
        throw new SpannerError(
          'already-spanner',
          'this server shares its configuration already; see vigocli spanner status',
        )
      }
      if (!this.#stacks.isFounder) {
        throw new SpannerError('not-founder', 'only the server that founded the fleet can be the first; run it there')
      }
      await this.#stacks.found()
      const repository = await member.replicator.repository(this.#stacks.id)
      const isEmpty = (await repository.ref(MAIN, { signal })) === null
      if (isEmpty && (await releases.live()) !== null) {
        // Nobody else may publish while the history moves.
        await using _publisher = await releases.publisher({ doing: 'spanner init', signal })
        const history = standaloneHistory(releases, { bolt: member.self.hostname, signal })
        await this.#writer.write(history, { parents: [], signal })
      }
      await enterSpannerMode(member.layout.serverYaml)
      await settings.reload()
      this.#watch.start()
      await this.#watch.follow({ signal })
      this.#options.logger.info('spanner-mode', { project: this.#stacks.id, by: words.author })
    })
  }

  async publish(
    snapshot: SnapshotFiles,
    request: Words & { kind: 'publish' | 'promote'; base?: string | undefined },
    { signal }: { signal: AbortSignal },
  ): Promise<PublishAnswer> {
    checkWords(request)
    const files = receivedFiles(snapshot.live, 'release')
    const stacks = receivedFiles(snapshot.stacks, 'stacks')
    return await this.#mutex.run('write', async () => {
      const { repository, head } = await this.#settled(signal)
      await this.#assertNotFrozen()
      const release = releaseHash(files)
      if (head !== null && head.note.release === release) {
        return { outcome: 'nothing-to-publish', release, commit: head.commit }
      }
      await this.#assertBuiltOn(repository, head, stacks, request.base, signal)
      const { errors, counts } = await checkedFiles(this.#checker, files, signal)
      if (errors.length > 0) return { outcome: 'invalid', diagnostics: diagnosticRows(errors) }
      const before = head === null ? [] : await treeOf(repository.folder, head.commit, 'live', { signal })
      const { author, reason, kind } = request
      const note = this.#noteOf({ release, kind, author, reason, restores: null, counts }, head, before, files)
      return await this.#write({ note, files: commitFiles(byPath(files), byPath(stacks)) }, head, signal)
    })
  }

  async rollback(options: Parameters<Publishing['rollback']>[0]): Promise<RollbackResult> {
    if (this.mode === 'standalone') return await this.#alone.rollback(options)
    checkWords(options)
    const { author, reason, to, evenIfFrozen = false, checker } = options
    const signal = options.signal ?? AbortSignal.timeout(600_000)
    return await this.#mutex.run('write', async () => {
      const { repository, head } = await this.#settled(signal)
      if (!evenIfFrozen) await this.#assertNotFrozen()
      const { folder } = repository
      const history = head === null ? [] : await historyOf(folder, head.commit, { signal })
      const { target, entry } = chosen(history, to)
      if (target.note.release === head?.note.release) {
        const name = shortHash(target.note.release)
        throw new ReleaseError('already-live', `release ${name} is live already; name another one`)
      }
      const { files } = await releaseOf(folder, target.commit, { signal })
      const sources = files.map(({ path, bytes }) => ({ path, text: Buffer.from(bytes).toString('utf8') }))
      const { diagnostics } = await checker.check(sources, {
        changed: new Set(sources.map(({ path }) => path)),
        signal,
      })
      if (diagnostics.some(({ severity }) => severity === 'error')) return { outcome: 'invalid', entry, diagnostics }
      const before = head === null ? [] : await treeOf(folder, head.commit, 'live', { signal })
      const { release, counts } = target.note
      const restores = target.note.restores ?? release
      const note = this.#noteOf({ release, kind: 'rollback', author, reason, restores, counts }, head, before, files)
      const live = await listOf(folder, target.commit, 'live', { signal })
      const stacks = head === null ? new Map<string, string>() : await listOf(folder, head.commit, 'stacks', { signal })
      const written = await this.#write({ note, files: commitFiles(live, stacks) }, head, signal)
      return { outcome: 'rolled-back', entry: written.entry, changes: changesBetween(before, files) }
    })
  }

  async resolve(request: Words & { take: string }, { signal }: { signal: AbortSignal }): Promise<Published> {
    checkWords(request)
    return await this.#mutex.run('write', async () => {
      const repository = await this.#repository()
      const { folder } = repository
      const heads = await this.#heads(signal)
      if (heads.length < 2)
        throw new SpannerError('not-diverged', 'the stacks have one head; there is nothing to resolve')
      const taken = headNamed(heads, request.take)
      const others = heads.filter(({ commit }) => commit !== taken.commit)
      const current = (await repository.ref(MAIN, { signal })) ?? taken.commit
      const before = await treeOf(folder, current, 'live', { signal })
      const { note: theirs, files } = await releaseOf(folder, taken.commit, { signal })
      const lost = others.map(({ author, bolt, release }) => `${shortHash(release ?? '')} by ${author} on ${bolt}`)
      const reason = request.reason || `takes ${shortHash(theirs.release)} of ${theirs.bolt}, not ${lost.join(', ')}`
      const { release, counts } = theirs
      const head = { commit: current, note: await noteOf(folder, current, { signal }) }
      const words = { release, kind: 'publish', author: request.author, reason, restores: null, counts } as const
      const note = this.#noteOf(words, head, before, files)
      const live = await listOf(folder, taken.commit, 'live', { signal })
      const stacks = await listOf(folder, taken.commit, 'stacks', { signal })
      const parents = [taken.commit, ...others.map(({ commit }) => commit)]
      return await this.#writeOn({ note, files: commitFiles(live, stacks) }, parents, signal)
    })
  }

  async sources(base: string | undefined, { signal }: { signal: AbortSignal }): Promise<Sources> {
    const { repository, head } = await this.#settled(signal)
    if (head === null) throw new SpannerError('unknown-head', 'nothing was published yet; there are no sources to pull')
    const { folder } = repository
    const files = await treeOf(folder, head.commit, 'stacks', { signal })
    const from = base === undefined ? null : await this.#inHistory(repository, head.commit, base, signal)
    const old = from === null ? null : await treeOf(folder, from, 'stacks', { signal })
    return {
      release: head.note.release,
      commit: head.commit,
      files,
      base: old === null ? null : new Map(old.map(({ path, sha256 }) => [path, sha256])),
    }
  }

  async setPatterns(bolt: string, patterns: readonly string[]): Promise<void> {
    await this.#routing.setPatterns(bolt, patterns)
  }

  async setDraining(bolt: string, isDraining: boolean): Promise<void> {
    await this.#routing.setDraining(bolt, isDraining)
  }

  async reassign(envoy: string, bolt: string | null): Promise<void> {
    await this.#routing.reassign(envoy, bolt)
  }

  async ask(bolt: string, route: string, body: object, { signal }: { signal: AbortSignal }): Promise<unknown> {
    return await this.#bolts.ask(this.#bolts.find(bolt).peer, { route, body }, { signal })
  }

  /** @throws SpannerError 'standalone', 'diverged' */
  async #settled(signal: AbortSignal): Promise<{
    readonly repository: BareRepository
    readonly head: { readonly commit: string; readonly note: ReleaseNote } | null
  }> {
    const repository = await this.#repository()
    const heads = await this.#heads(signal)
    if (heads.length > 1) {
      const names = heads.map(({ bolt, release }) => `${bolt} (${shortHash(release ?? '')})`).join(', ')
      throw new SpannerError(
        'diverged',
        `servers that did not see each other published both: ${names}; take one of them first: vigocli spanner resolve --take <server>`,
      )
    }
    const commit = await repository.ref(MAIN, { signal })
    const head = commit === null ? null : { commit, note: await noteOf(repository.folder, commit, { signal }) }
    return { repository, head }
  }

  async #repository(): Promise<BareRepository> {
    if (this.mode === 'standalone') {
      throw new SpannerError('standalone', 'this server shares its configuration with nobody; see vigocli spanner init')
    }
    return await this.#options.member.replicator.repository(this.#stacks.id)
  }

  async #assertNotFrozen(): Promise<void> {
    const freeze = await this.#options.releases.frozen()
    if (freeze === null) return
    const { until, author, reason } = freeze
    throw new ReleaseError(
      'frozen',
      `publishing is frozen until ${until} by ${author}${reason === '' ? '' : `: ${reason}`}`,
    )
  }

  /** That nothing is taken back which whoever publishes has never seen. */
  async #assertBuiltOn(
    repository: BareRepository,
    head: { readonly commit: string; readonly note: ReleaseNote } | null,
    stacks: readonly TreeFile[],
    base: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (head === null) return
    const { folder } = repository
    const newest = await listOf(folder, head.commit, 'stacks', { signal })
    if (newest.size === 0 || isSame(newest, new Map(stacks.map(({ path, bytes }) => [path, blobName(bytes)])))) return
    const from = base === undefined ? null : await this.#inHistory(repository, head.commit, base, signal)
    if (from !== null && isSame(newest, await listOf(folder, from, 'stacks', { signal }))) return
    const { author, bolt, reason, release } = head.note
    throw new SpannerError(
      'moved',
      `${author} published ${shortHash(release)} on ${bolt}${reason === '' ? '' : ` (${reason})`}, which these sources do not have; bring it in with vigocli config pull, then publish again`,
    )
  }

  /** The commit, if it is one that leads to `head`. */
  async #inHistory(
    repository: BareRepository,
    head: string,
    commit: string,
    signal: AbortSignal,
  ): Promise<string | null> {
    if (!(await repository.has(commit, { signal }))) return null
    return (await repository.isAncestor(commit, head, { signal })) ? commit : null
  }

  #noteOf(
    said: Pick<ReleaseNote, 'release' | 'kind' | 'author' | 'reason' | 'restores' | 'counts'>,
    head: { readonly note: ReleaseNote } | null,
    before: readonly TreeFile[],
    after: readonly TreeFile[],
  ): ReleaseNote {
    const { clock, self } = this.#options.member
    const { added, changed, removed } = changesBetween(before, after)
    return {
      ...said,
      time: new Date(clock.now()).toISOString(),
      basedOn: head?.note.release ?? null,
      files: after.length,
      changes: { added: added.length, changed: changed.length, removed: removed.length },
      bolt: self.hostname,
    }
  }

  async #write(release: NewRelease, head: { readonly commit: string } | null, signal: AbortSignal): Promise<Published> {
    return await this.#writeOn(release, head === null ? [] : [head.commit], signal)
  }

  /** Resolves when it is in force here. @throws SpannerError 'not-live' */
  async #writeOn(release: NewRelease, parents: readonly string[], signal: AbortSignal): Promise<Published> {
    const clock = ownClockProblem(this.#bolts.clocks)
    if (clock !== '') throw new SpannerError('clock-ahead', clock)
    const commit = await this.#writer.write([release], { parents, signal })
    await this.#watch.follow({ signal })
    if (this.#watch.followed !== commit) {
      const problem = this.#watch.problem || 'another one came in between'
      throw new SpannerError('not-live', `it is published, but not in force here: ${problem}`)
    }
    const entry = await this.#options.releases.find('live')
    return { outcome: 'published', commit, entry }
  }

  /** Ends of the history that are known here; those whose objects are on their way are left out. */
  async #heads(signal: AbortSignal): Promise<readonly StacksHead[]> {
    const { member } = this.#options
    const repository = await this.#repository()
    const { folder } = repository
    const current = await repository.ref(MAIN, { signal })
    const heads: StacksHead[] = []
    const commits = new Set(member.projects.heads(this.#stacks.id, MAIN).map(update => update.new))
    for (const commit of commits) {
      if (!(await repository.has(commit, { signal }))) continue
      if (await this.#isBelowAnother(repository, commit, commits, signal)) continue
      try {
        const { release, bolt, author, reason, time } = await noteOf(folder, commit, { signal })
        heads.push({ commit, release, bolt, author, reason, time, isHere: commit === current })
      } catch (error) {
        signal.throwIfAborted()
        this.#options.logger.debug('head-unreadable', { commit, reason: messageOf(error) })
      }
    }
    return heads
  }

  async #isBelowAnother(
    repository: BareRepository,
    commit: string,
    commits: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<boolean> {
    for (const other of commits) {
      if (other === commit || !(await repository.has(other, { signal }))) continue
      if (await repository.isAncestor(commit, other, { signal })) return true
    }
    return false
  }

  /** Why the branch is not where it should be, and whose doing that is. */
  #problemOf(main: RefStatus | undefined): string {
    if (main === undefined || main.problem === '' || main.state === 'diverged') return main?.problem ?? ''
    const { roster } = this.#options.member
    const others = main.heads.filter(head => head.new !== main.commit)
    const names = others.map(({ signer }) => roster.member(signer)?.hostname ?? `${signer.slice(0, 12)}…`)
    return names.length === 0 ? main.problem : `${main.problem} (it came from ${[...new Set(names)].join(', ')})`
  }

  async #rows(seen: readonly BoltSeen[]): Promise<BoltRow[]> {
    const { fleetId, self } = this.#options.member
    const clocks = new Map(this.#bolts.clocks.map(clock => [clock.hostname, clockProblem(clock, self.hostname)]))
    const own = seen.find(({ isSelf }) => isSelf)?.report ?? null
    const routing = new Map(this.#routing.routingView().map(bolt => [bolt.peer, bolt]))
    return seen.map(bolt => {
      const route = routing.get(bolt.peer)
      return {
        ...bolt,
        report: bolt.report && { ...bolt.report, problem: bolt.report.problem || clocks.get(bolt.hostname) || '' },
        isFounder: bolt.peer === fleetId,
        patterns: [...(route?.patterns ?? [])],
        isDraining: route?.isDraining ?? false,
        home: { envoys: route?.envoys ?? 0 },
        follows: bolt.report !== null && own !== null && bolt.report.release === own.release,
      }
    })
  }
}

function chosen(
  history: readonly StacksCommit[],
  to: string | undefined,
): { readonly target: StacksCommit; readonly entry: HistoryEntry } {
  const newestFirst = history.toReversed().map(({ entry }) => entry)
  const live = newestFirst[0]?.release ?? null
  const entry = to === undefined ? entryBefore(newestFirst, live) : findEntry(newestFirst, live, to)
  const target = history.find(commit => commit.entry.number === entry.number)
  if (target === undefined) throw new ReleaseError('no-release', `release ${entry.number} is not in the history`)
  return { target, entry }
}

/** @throws SpannerError 'unknown-head' */
function headNamed(heads: readonly StacksHead[], name: string): StacksHead {
  const found = heads.filter(
    ({ commit, release, bolt }) =>
      bolt === name || (name.length >= 6 && (commit.startsWith(name) || release?.startsWith(name) === true)),
  )
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return only
  const list = heads.map(({ commit, bolt, author }) => `${commit.slice(0, 12)} (${bolt}, by ${author})`).join(', ')
  throw new SpannerError(
    'unknown-head',
    `'${name}' names ${only === undefined ? 'none' : 'several'} of the heads; there are ${list}`,
  )
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([path, object]) => b.get(path) === object)
}
