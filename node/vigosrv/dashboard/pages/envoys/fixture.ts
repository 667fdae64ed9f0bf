import { noCounts, outcomeOf, type ResourceResult, type ResourceState, type Run } from '#node/checkin'
import { type Clock, sha256Hex } from '#node/kit'
import {
  DRIFTS,
  type EnvoyRow,
  FLEET_STATUSES,
  type FleetControl,
  type FleetCounts,
  type FleetEvent,
  type FleetSample,
  type FleetView,
  REACHABILITIES,
  type StoredRun,
} from '../../../fleet/types.ts'
import type { Policy } from '../../../policy/index.ts'

const MINUTE = 60_000

export const TRAITS = {
  os: { family: 'debian', distro: 'debian', arch: 'amd64', version: '12.8', kernel: '6.1.0-27-amd64' },
  hardware: { memory_mb: 8192, cpus: 4, model: 'Standard PC (Q35 + ICH9, 2009)' },
  network: { hostname: 'host', fqdn: 'host.example.com', addresses: ['10.0.4.17', 'fd00::17'] },
  packages: { nginx: '1.22.1-9+deb12u1', openssl: '3.0.15-1~deb12u1', 'redis-server': '7.0.15-1~deb12u1' },
  mounts: [{ path: '/', type: 'ext4', used_pct: 41 }],
  host_is_libvirt: true,
  is_container: false,
}

/** One envoy, and its runs, the newest first. */
interface FakeEnvoy {
  row: EnvoyRow
  runs: StoredRun[]
}

export class FakeFleet implements FleetView, FleetControl {
  readonly #clock: Clock
  readonly #policy: Policy
  readonly #envoys = new Map<string, FakeEnvoy>()
  readonly #listeners = new Set<(event: FleetEvent) => void>()
  pushed: readonly string[] = []
  curve: FleetSample[] = []
  #rows: readonly EnvoyRow[] = []

  constructor(clock: Clock, policy: Policy) {
    this.#clock = clock
    this.#policy = policy
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** An envoy that was admitted and not heard of. */
  add(hostname: string, changes: Partial<EnvoyRow> = {}): EnvoyRow {
    const result = this.#policy.answerFor(hostname, TRAITS)
    const bundle = result.kind === 'bundle' ? result.bundle : null
    const row: EnvoyRow = {
      peer: sha256Hex(hostname),
      hostname,
      platform: 'linux/amd64',
      version: '0.1.0',
      status: 'no-data',
      drift: 'none',
      reachability: 'never-seen',
      home: null,
      isConnected: false,
      wantedRelease: this.#policy.release,
      release: null,
      bundle: null,
      lastSeenAt: null,
      lastRun: null,
      problem: '',
      environment: bundle?.environment ?? null,
      entry: bundle?.entry.match ?? null,
      crates: bundle?.crates.map(({ name }) => name) ?? [],
      ...changes,
    }
    this.#envoys.set(row.peer, { row, runs: [] })
    this.#sort()
    return row
  }

  change(hostname: string, changes: Partial<EnvoyRow>): EnvoyRow {
    const envoy = this.#of(hostname)
    envoy.row = { ...envoy.row, ...changes }
    this.#sort()
    this.tell({ type: 'envoy', row: envoy.row })
    return envoy.row
  }

  /** A run that ended some time ago; what is not in `results` was compliant. */
  report(
    hostname: string,
    options: {
      release: string
      results?: readonly ResourceResult[]
      agoMs?: number
      mode?: Run['mode']
      offline?: boolean
    },
  ): StoredRun {
    const { release, results = [], agoMs = 0, mode = 'enforce', offline = false } = options
    const envoy = this.#of(hostname)
    const answer = this.#policy.answerFor(hostname, TRAITS)
    const bundle = answer.kind === 'bundle' ? answer.bundle : null
    const counts = noCounts()
    for (const { state } of results) counts[state]++
    counts.compliant = Math.max(0, (bundle?.resources.length ?? 6) - results.length)
    const receivedAt = this.#clock.now() - agoMs
    const durationMs = 700 + ((envoy.runs.length * 977 + hostname.length * 131) % 2600)
    const run: Run = {
      id: sha256Hex(`${hostname} ${receivedAt} ${envoy.runs.length}`).slice(0, 32),
      release,
      bundle: bundle?.hash ?? '0'.repeat(64),
      mode,
      startedAt: receivedAt - durationMs,
      durationMs,
      outcome: 'completed',
      offline,
      counts,
      results: [...results],
      resultsLeftOut: 0,
    }
    const outcome = outcomeOf(run)
    const stored: StoredRun = { ...run, outcome, receivedAt, run }
    const runs = [stored, ...envoy.runs].toSorted((a, b) => b.receivedAt - a.receivedAt)
    const { run: _run, ...summary } = runs[0] ?? stored
    const drifting = runs.findIndex(each => each.counts.corrected === 0)
    const row: EnvoyRow = {
      ...envoy.row,
      status: summary.outcome === 'changed' ? 'converged' : summary.outcome,
      drift: drifting === 0 ? 'none' : drifting >= 3 || (drifting < 0 && runs.length >= 3) ? 'diverged' : 'changed',
      reachability: agoMs > 15 * MINUTE ? 'stale' : 'online',
      isConnected: agoMs <= 15 * MINUTE,
      release: summary.release,
      bundle: summary.counts === counts ? run.bundle : envoy.row.bundle,
      lastSeenAt: Math.max(receivedAt, envoy.row.lastSeenAt ?? 0),
      lastRun: summary,
    }
    this.#envoys.set(row.peer, { row, runs })
    this.#sort()
    this.tell({ type: 'run', row, run: summary })
    return stored
  }

  tell(event: FleetEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  rows = (): readonly EnvoyRow[] => this.#rows

  counts = (): FleetCounts => countsOf(this.#rows)

  find = (reference: string): EnvoyRow => {
    const row = this.#rows.find(({ peer, hostname }) => peer === reference || hostname === reference)
    if (row === undefined) throw new Error(`no envoy '${reference}'`)
    return row
  }

  runs = async (peer: string, options: { limit: number; before?: number }): Promise<readonly StoredRun[]> =>
    (this.#envoys.get(peer)?.runs ?? []).slice(0, options.limit)

  run = async (peer: string, id: string): Promise<StoredRun | null> =>
    this.#envoys.get(peer)?.runs.find(run => run.id === id) ?? null

  traits = async (peer: string): Promise<Readonly<Record<string, unknown>> | null> =>
    (this.#envoys.get(peer)?.row.lastSeenAt ?? null) === null ? null : TRAITS

  bundle = async (peer: string) => {
    const row = this.#envoys.get(peer)?.row
    if (row === undefined || row.problem !== '') return null
    const answer = this.#policy.answerFor(row.hostname, TRAITS)
    return answer.kind === 'bundle' ? answer.bundle : null
  }

  samples = async ({ since }: { since: number }): Promise<readonly FleetSample[]> =>
    this.curve.filter(({ at }) => at >= since)

  onEvent = (listener: (event: FleetEvent) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  push = (peers: readonly string[]): number => {
    this.pushed = peers
    return peers.filter(peer => this.#envoys.get(peer)?.row.isConnected === true).length
  }

  #of(hostname: string): FakeEnvoy {
    const envoy = this.#envoys.get(sha256Hex(hostname))
    if (envoy === undefined) throw new Error(`no envoy '${hostname}'`)
    return envoy
  }

  #sort(): void {
    this.#rows = Array.from(this.#envoys.values(), ({ row }) => row).toSorted((a, b) =>
      a.hostname < b.hostname ? -1 : 1,
    )
  }

  /** Many envoys at once, that all did the same. */
  addMany(count: number, release: string): void {
    const rows = Array.from({ length: count }, (_, at): [string, FakeEnvoy] => {
      const hostname = `node-${String(at).padStart(5, '0')}.example.com`
      const status = at % 97 === 0 ? 'failed' : at % 31 === 0 ? 'degraded' : 'converged'
      const row: EnvoyRow = {
        peer: sha256Hex(hostname),
        hostname,
        platform: 'linux/amd64',
        version: '0.1.0',
        status,
        drift: at % 11 === 0 ? 'changed' : 'none',
        reachability: 'online',
        home: null,
        isConnected: true,
        wantedRelease: release,
        release,
        bundle: null,
        lastSeenAt: this.#clock.now(),
        lastRun: null,
        problem: '',
        environment: 'production',
        entry: '*',
        crates: ['motd'],
      }
      return [row.peer, { row, runs: [] }]
    })
    for (const [peer, envoy] of rows) this.#envoys.set(peer, envoy)
    this.#sort()
  }
}

export function countsOf(rows: readonly EnvoyRow[]): FleetCounts {
  const count = <State extends string>(states: readonly State[], of: (row: EnvoyRow) => State) =>
    Object.fromEntries(states.map(state => [state, rows.filter(row => of(row) === state).length])) as Record<
      State,
      number
    >
  const releases: Record<string, number> = {}
  for (const { release } of rows) if (release !== null) releases[release] = (releases[release] ?? 0) + 1
  return {
    envoys: rows.length,
    connected: rows.filter(({ isConnected }) => isConnected).length,
    status: count(FLEET_STATUSES, row => row.status),
    drift: count(DRIFTS, row => row.drift),
    reachability: count(REACHABILITIES, row => row.reachability),
    releases,
    upToDate: rows.filter(({ release, wantedRelease }) => release === wantedRelease).length,
  }
}

export function result(
  id: string,
  type: string,
  state: ResourceState,
  rest: Partial<ResourceResult> = {},
): ResourceResult {
  return { id, type, state, durationMs: 42, ...rest }
}
