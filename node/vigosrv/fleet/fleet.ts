import type { Level } from 'level'
import type { Bundle } from '#config/store'
import type { AuditEvent } from '#node/audit'
import type { Host } from '#node/host'
import type { Clock, Logger, Random } from '#node/kit'
import type { Roster } from '#swarm/roster'
import type { Policy } from '../policy/index.ts'
import { Caller } from './caller.ts'
import { type CheckinCounts, CheckinDesk } from './checkin-desk.ts'
import { CheckinService } from './checkin-service.ts'
import { Conversations } from './conversation.ts'
import { Decider } from './decider.ts'
import { FleetIndex, followRoster } from './fleet-index.ts'
import { FleetStore } from './fleet-store.ts'
import type { Gate } from './gate.ts'
import { type Homes, nobodyElse } from './homes.ts'
import { ReportDesk } from './report-desk.ts'
import { restoreEnvoys } from './restore.ts'
import { RunLog } from './run-log.ts'
import { Samples } from './samples.ts'
import { SecretDesk } from './secret-desk.ts'
import type { Secrets } from './secrets.ts'
import type { FleetSettings } from './settings.ts'
import type { TaskChannel } from './task-channel.ts'
import { TaskDesk } from './task-desk.ts'
import type { EnvoyRow, FleetControl, FleetCounts, FleetEvent, FleetSample, FleetView, StoredRun } from './types.ts'
import { Upkeep } from './upkeep.ts'

export interface FleetOptions {
  readonly db: Level
  readonly roster: Roster
  readonly policy: Policy
  readonly secrets: Secrets
  readonly audit: { append(event: AuditEvent): Promise<unknown> }
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly settings: () => FleetSettings
  /** Where other servers serve a part of the fleet. */
  readonly homes?: Homes
  /** How many answers are worked on at a time, and how many envoys wait for theirs. */
  readonly gate?: Gate
}

const SWEEP_MS = 5_000
const FLUSH_MS = 10_000
const FLUSH_ROWS = 500
const SAMPLE_MS = 60_000
const EXPIRE_MS = 3600e3
const MAX_RUNS_AT_ONCE = 1_000

/** All envoys: what is known of them, and the conversations with them. */
export class Fleet implements FleetView, FleetControl {
  readonly tasks: TaskChannel
  readonly #options: FleetOptions
  readonly #store: FleetStore
  readonly #index: FleetIndex
  readonly #runs: RunLog
  readonly #samples: Samples
  readonly #desk: CheckinDesk
  readonly #service: CheckinService
  readonly #caller: Caller
  readonly #upkeep: Upkeep
  readonly #unsubscribe: (() => void)[] = []
  #closed: Promise<void> | undefined

  private constructor(options: FleetOptions) {
    const { db, policy, secrets, audit, clock, random, logger, settings, homes = nobodyElse } = options
    const intervalMs = (): number => settings().intervalMs
    this.#options = options
    this.#store = new FleetStore(db)
    this.#index = new FleetIndex({ clock, intervalMs, homes })
    this.#runs = new RunLog({ store: this.#store, index: this.#index, clock, logger, limits: () => settings().runs })
    this.#samples = new Samples(this.#store, clock)
    this.#upkeep = new Upkeep(logger)
    const [store, index] = [this.#store, this.#index]
    const conversations = new Conversations()
    const decider = new Decider({ policy, index, store, secrets, intervalMs, logger })
    const desk = new CheckinDesk({ decider, index, store, secrets, intervalMs, random, gate: options.gate })
    this.#desk = desk
    const tasks = new TaskDesk(conversations)
    this.tasks = tasks
    this.#caller = new Caller({ conversations, clock })
    this.#service = new CheckinService({
      index,
      conversations,
      desk,
      reports: new ReportDesk({ runs: this.#runs, clock, logger }),
      secrets: new SecretDesk({ desk, source: secrets, audit, logger }),
      tasks,
      caller: this.#caller,
      clock,
      logger,
    })
    this.#unsubscribe.push(
      homes.onChange(peer => this.#index.rehome(peer)),
      policy.onChange(() => {
        decider.invalidate()
        index.want(host => policy.releaseFor(host))
        this.#caller.call(conversations.peers(), 'another configuration is live')
      }),
      secrets.onChange(() => {
        decider.invalidate()
        this.#caller.call(
          conversations.peers(answer => answer.secrets.length > 0),
          'a secret has changed',
        )
      }),
    )
  }

  /** Everything that is known; nobody is served yet. */
  static async open(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(options)
    const { roster, policy, settings, logger } = options
    const restored = await restoreEnvoys(fleet.#store, roster, { settings: settings(), logger })
    const onGone = (peer: string, isRevoked: boolean): void => {
      fleet.#service.dismiss(peer)
      if (isRevoked) fleet.#upkeep.run(() => fleet.#runs.forget(peer))
    }
    fleet.#unsubscribe.push(followRoster(fleet.#index, roster, { stored: restored.envoys, onGone }))
    for (const peer of restored.revoked) fleet.#upkeep.run(() => fleet.#runs.forget(peer))
    fleet.#index.want(host => policy.releaseFor(host))
    fleet.#upkeep.every(SWEEP_MS, () => fleet.sweep())
    fleet.#upkeep.every(FLUSH_MS, () => fleet.flush())
    fleet.#upkeep.every(SAMPLE_MS, () => fleet.sample())
    fleet.#upkeep.every(EXPIRE_MS, () => fleet.expire())
    return fleet
  }

  /** Envoys may come from now on. */
  async serve(host: Host): Promise<void> {
    await this.#service.serve(host)
  }

  rows(): readonly EnvoyRow[] {
    return this.#index.rows()
  }

  /** For metrics: check-ins since the start. */
  get checkins(): Readonly<CheckinCounts> {
    return this.#desk.counts
  }

  counts(): FleetCounts {
    return this.#index.counts
  }

  find(reference: string): EnvoyRow {
    return this.#index.find(reference)
  }

  async runs(peer: string, options: { limit: number; before?: number }): Promise<readonly StoredRun[]> {
    return await this.#store.runs(peer, { ...options, limit: Math.min(options.limit, MAX_RUNS_AT_ONCE) })
  }

  async run(peer: string, id: string): Promise<StoredRun | null> {
    return await this.#store.run(peer, id)
  }

  async traits(peer: string): Promise<Readonly<Record<string, unknown>> | null> {
    return (await this.#store.traits(peer))?.traits ?? null
  }

  async bundle(peer: string): Promise<Bundle | null> {
    const state = this.#index.state(peer)
    const stored = await this.#store.traits(peer)
    if (state === undefined || stored === null) return null
    const answer = this.#options.policy.answerFor(state.hostname, stored.traits)
    return answer.kind === 'bundle' ? answer.bundle : null
  }

  async samples({ since }: { since: number }): Promise<readonly FleetSample[]> {
    return await this.#samples.since(since)
  }

  onEvent(listener: (event: FleetEvent) => void): () => void {
    return this.#index.onEvent(listener)
  }

  /** What other parts of the server tell those who listen here. */
  emit(event: Extract<FleetEvent, { type: 'rollout' | 'task' }>): void {
    this.#index.emit(event)
  }

  push(peers: readonly string[], reason: string): number {
    return this.#service.push(peers, reason)
  }

  /** What follows from nothing but time: envoys that are stale, conversations that are over. */
  sweep(): void {
    this.#index.sweep()
    this.#service.sweep()
  }

  /** Stores what has changed and is not stored yet; runs are, always. */
  async flush(): Promise<void> {
    const dirty = this.#index.takeDirty()
    for (let at = 0; at < dirty.length; at += FLUSH_ROWS) {
      try {
        await this.#store.putEnvoys(dirty.slice(at, at + FLUSH_ROWS))
      } catch (error) {
        this.#index.putBack(dirty.slice(at))
        throw error
      }
    }
  }

  /** Another point of the curve. */
  async sample(): Promise<void> {
    await this.#samples.take(this.counts())
  }

  /** Drops runs that are older than is kept. */
  async expire(): Promise<void> {
    await this.#runs.expire()
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    await this.#caller.close()
    await this.#service.close()
    await this.#upkeep.close()
    await this.#runs.settled()
    await this.flush()
  }
}
