import type { Clock } from '#node/kit'
import type { Member, Roster } from '#swarm/roster'
import { reachabilityOf } from './axes.ts'
import { type AnswerState, EnvoyState, type Given, type RunState, type StoredEnvoy } from './envoy-state.ts'
import { FleetError } from './errors.ts'
import { type Homes, nobodyElse } from './homes.ts'
import { Tally } from './tally.ts'
import type { EnvoyRow, FleetCounts, FleetEvent, Reachability, RunSummary } from './types.ts'

const SHORTEST_PREFIX = 8

export interface Answered {
  readonly answer: AnswerState
  /** Null when it was given nothing. */
  readonly given: Given | null
  readonly wantedRelease: string | null
  readonly intervalMs: number
}

type Admitted = Pick<Member, 'peer' | 'hostname' | 'role' | 'os' | 'arch'>

/** All envoys of the roster, in memory. Nothing here waits. */
export class FleetIndex {
  readonly #clock: Clock
  readonly #intervalMs: () => number
  readonly #homes: Homes
  readonly #states = new Map<string, EnvoyState>()
  readonly #tally = new Tally()
  readonly #listeners = new Set<(event: FleetEvent) => void>()
  /** Those whose stored form is not what they are. */
  readonly #dirty = new Set<EnvoyState>()
  #sorted: readonly EnvoyState[] | null = null

  constructor(options: { clock: Clock; intervalMs: () => number; homes?: Homes | undefined }) {
    this.#clock = options.clock
    this.#intervalMs = options.intervalMs
    this.#homes = options.homes ?? nobodyElse
  }

  get size(): number {
    return this.#states.size
  }

  state(peer: string): EnvoyState | undefined {
    return this.#states.get(peer)
  }

  states(): Iterable<EnvoyState> {
    return this.#states.values()
  }

  rows(): readonly EnvoyRow[] {
    this.#sorted ??= [...this.#states.values()].sort(byHostname)
    return this.#sorted.map(({ row }) => row)
  }

  get counts(): FleetCounts {
    return this.#tally.counts
  }

  /** @throws FleetError 'unknown-member', 'ambiguous-member' */
  find(reference: string): EnvoyRow {
    const exact = this.#states.get(reference)
    if (exact !== undefined) return exact.row
    const name = reference.toLowerCase()
    const all = [...this.#states.values()]
    const named = all.filter(({ hostname }) => hostname === name)
    const found =
      named.length > 0 || name.length < SHORTEST_PREFIX ? named : all.filter(({ peer }) => peer.startsWith(name))
    const [first] = found
    const shown = JSON.stringify(reference.slice(0, 100))
    if (first === undefined) throw new FleetError('unknown-member', `no envoy is called ${shown}`)
    if (found.length === 1) return first.row
    const peers = found.slice(0, 5).map(({ peer, hostname }) => `${hostname} ${peer.slice(0, 12)}`)
    throw new FleetError(
      'ambiguous-member',
      `${found.length} envoys are called ${shown}: ${peers.join(', ')}; give more of the key`,
    )
  }

  onEvent(listener: (event: FleetEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  emit(event: FleetEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** A member that the roster admits now; nothing when it is no envoy. */
  join(member: Admitted, stored?: StoredEnvoy): void {
    if (member.role !== 'envoy' || this.#states.has(member.peer)) return
    const { peer, hostname, os, arch } = member
    const state = new EnvoyState({ peer, hostname, platform: `${os}/${arch}` }, this.#intervalMs())
    if (stored !== undefined) {
      state.restore(stored)
      if (state.seenAt !== null) {
        state.heardMs = this.#clock.monotonicMs() - Math.max(0, this.#clock.now() - state.seenAt)
      }
    }
    state.home = this.#homes.homeOf(state)
    state.reachability = this.#reachabilityOf(state)
    this.#states.set(peer, state)
    this.#sorted = null
    this.#changed(state, { isStored: stored !== undefined })
  }

  leave(peer: string): void {
    const state = this.#states.get(peer)
    if (state === undefined) return
    this.#states.delete(peer)
    this.#dirty.delete(state)
    this.#sorted = null
    this.#tally.remove(peer)
    state.isConnected = false
    state.touch()
    this.emit({ type: 'envoy', row: state.row })
  }

  connected(state: EnvoyState, version: string): void {
    state.isConnected = true
    state.version = version
    this.heard(state)
    this.#changed(state)
  }

  disconnected(state: EnvoyState): void {
    state.isConnected = false
    state.reachability = this.#reachabilityOf(state)
    this.#changed(state)
  }

  /** On the path of every check-in: no more than a few fields. */
  heard(state: EnvoyState): void {
    state.seenAt = this.#clock.now()
    state.heardMs = this.#clock.monotonicMs()
    state.touch()
    this.#dirty.add(state)
    if (state.reachability === 'online') return
    state.reachability = 'online'
    this.#changed(state)
  }

  /** What a check-in was answered with. True when the envoy had not been given that bundle for that release before. */
  answered(state: EnvoyState, answered: Answered): boolean {
    const { answer, given, wantedRelease, intervalMs } = answered
    const isNew = given !== null && state.give(given)
    const isChanged = isNew || wantedRelease !== state.wantedRelease || !isSameAnswer(state.answer, answer)
    state.intervalMs = intervalMs
    state.answer = answer
    state.wantedRelease = wantedRelease
    if (isChanged) this.#changed(state)
    return isNew
  }

  traitsStored(state: EnvoyState, hash: string): void {
    state.traitsHash = hash
    this.#dirty.add(state)
  }

  /** A run that is on disk, with what is known because of it. */
  reported(state: EnvoyState, runs: RunState, run: RunSummary): void {
    state.runs = runs
    if (this.#states.get(state.peer) !== state) return
    this.#changed(state)
    this.emit({ type: 'run', row: state.row, run })
  }

  /** Stored runs were dropped. */
  trimmed(state: EnvoyState, runs: RunState): void {
    state.runs = runs
    state.touch()
  }

  /** Other releases are wanted now. */
  want(releaseFor: (hostname: string) => string | null): void {
    for (const state of this.#states.values()) {
      const wanted = releaseFor(state.hostname)
      if (wanted === state.wantedRelease) continue
      state.wantedRelease = wanted
      state.touch()
      this.#tally.set(state.row)
    }
    this.emit({ type: 'policy' })
  }

  /** Time has passed: whoever was not heard of becomes stale. */
  sweep(): void {
    for (const state of this.#states.values()) this.#look(state)
  }

  /** Another server may be the home of this envoy, or of any. */
  rehome(peer: string | null): void {
    const one = peer === null ? undefined : this.#states.get(peer)
    if (peer === null) this.sweep()
    else if (one !== undefined) this.#look(one)
  }

  /** Those that are to be stored; the next call answers only what changed since. */
  takeDirty(): readonly EnvoyState[] {
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    return dirty
  }

  /** They could not be stored. */
  putBack(states: readonly EnvoyState[]): void {
    for (const state of states) if (this.#states.get(state.peer) === state) this.#dirty.add(state)
  }

  #look(state: EnvoyState): void {
    const home = this.#homes.homeOf(state)
    const reachability = this.#reachabilityOf(state)
    if (reachability === state.reachability && home === state.home) return
    state.home = home
    state.reachability = reachability
    this.#changed(state, { isStored: true })
  }

  #changed(state: EnvoyState, options: { isStored?: boolean } = {}): void {
    state.touch()
    // Its conversation may end after it has left.
    if (this.#states.get(state.peer) !== state) return
    if (options.isStored !== true) this.#dirty.add(state)
    this.#tally.set(state.row)
    this.emit({ type: 'envoy', row: state.row })
  }

  #reachabilityOf(state: EnvoyState): Reachability {
    const { heardMs, intervalMs, isConnected } = state
    if (!isConnected && this.#homes.isElsewhere(state)) return 'elsewhere'
    return reachabilityOf(heardMs === null ? null : this.#clock.monotonicMs() - heardMs, intervalMs)
  }
}

/** Adds everybody whom the roster admits, and follows it. Returns the unsubscriber. */
export function followRoster(
  index: FleetIndex,
  roster: Roster,
  options: {
    stored: ReadonlyMap<string, StoredEnvoy>
    /** It is out, or admitted again under another name: what it has open is to end. */
    onGone: (peer: string, isRevoked: boolean) => void
  },
): () => void {
  /** Out because the bolt that admitted them was revoked; another one may let them in again, as they were. */
  const stranded = new Map<string, StoredEnvoy>()
  const update = (peer: string): void => {
    const row = roster.member(peer)
    const member = roster.isMember(peer) ? row : null
    const isRevoked = row !== null && row.revoked !== null
    const known = index.state(peer)
    if (known !== undefined && (member === null || member.hostname !== known.hostname)) {
      if (member === null && !isRevoked) stranded.set(peer, known.stored())
      index.leave(peer)
      options.onGone(peer, isRevoked)
    } else if (isRevoked && stranded.delete(peer)) {
      options.onGone(peer, isRevoked)
    }
    if (member === null) return
    index.join(member, known?.stored() ?? stranded.get(peer) ?? options.stored.get(peer))
    stranded.delete(peer)
  }
  for (const { peer } of roster.members()) update(peer)
  return roster.onChange(({ peer }) => {
    update(peer)
    // A revoked bolt takes those along whom only it admitted.
    if (!roster.isMember(peer)) for (const { peer: other } of index.rows()) update(other)
  })
}

function byHostname(a: EnvoyState, b: EnvoyState): number {
  return compare(a.hostname, b.hostname) || compare(a.peer, b.peer)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isSameAnswer(a: AnswerState, b: AnswerState): boolean {
  return (
    a.problem === b.problem &&
    a.environment === b.environment &&
    a.entry === b.entry &&
    (a.crates === b.crates || a.crates.join('\n') === b.crates.join('\n'))
  )
}
