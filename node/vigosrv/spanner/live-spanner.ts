import { type RollbackResult, type TreeChecker, treeChecker } from '#config/publish'
import type { ReleaseHash, Releases } from '#config/store'
import type { RefStatus } from '#gitback/replicate'
import type { BoltReport, BoltRow, SpannerStatus } from '#node/api'
import type { Audit } from '#node/audit'
import { type Logger, type Random, toHex } from '#node/kit'
import type { Member } from '#node/member'
import type { SignedRecord, Signer } from '#swarm/record'
import type { CurrentSettings } from '../current-settings.ts'
import type { FleetView } from '../fleet/types.ts'
import type { Policy } from '../policy/types.ts'
import type { RestHandlers } from '../rest/index.ts'
import { type BoltSeen, Bolts } from './bolts.ts'
import { clockProblem, ownClockProblem } from './clocks.ts'
import { SpannerError } from './errors.ts'
import type { FleetHomes } from './homes.ts'
import { Readiness } from './readiness.ts'
import { Routing } from './routing.ts'
import { StacksDesk } from './stacks-desk.ts'
import { StacksHeads } from './stacks-heads.ts'
import { MAIN, StacksProject } from './stacks-project.ts'
import { StacksWriter, standaloneHistory } from './stacks-writer.ts'
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

/** The configuration that this server shares with others, and those others. Alone, it publishes into its own folder. */
export class LiveSpanner implements Spanner {
  readonly #options: SpannerOptions
  readonly #stacks: StacksProject
  readonly #heads: StacksHeads
  readonly #writer: StacksWriter
  readonly #desk: StacksDesk
  readonly #watch: Stackswatch
  readonly #bolts: Bolts
  readonly #routing: Routing
  readonly #alone: Publishing
  readonly #readiness: Readiness
  readonly #checker: TreeChecker = treeChecker()

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
    this.#heads = new StacksHeads({ project, member, isShared: () => this.mode === 'spanner', logger })
    this.#desk = new StacksDesk({
      member,
      releases,
      heads: this.#heads,
      writer: this.#writer,
      watch: this.#watch,
      checker,
      clockProblem: () => ownClockProblem(this.#bolts.clocks),
    })
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
      heads: [...(await this.#heads.all({ signal }))],
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
    await this.#desk.alone(async () => {
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

  async publish(...call: Parameters<StacksDesk['publish']>): Promise<PublishAnswer> {
    return await this.#desk.publish(...call)
  }

  async rollback(options: Parameters<Publishing['rollback']>[0]): Promise<RollbackResult> {
    return await (this.mode === 'standalone' ? this.#alone : this.#desk).rollback(options)
  }

  async resolve(...call: Parameters<StacksDesk['resolve']>): ReturnType<StacksDesk['resolve']> {
    return await this.#desk.resolve(...call)
  }

  async sources(...call: Parameters<StacksDesk['sources']>): Promise<Sources> {
    return await this.#desk.sources(...call)
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
