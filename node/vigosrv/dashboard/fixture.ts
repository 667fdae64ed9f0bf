import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { publish, rollback, treeChecker } from '#config/publish'
import { type HistoryEntry, Releases as RealReleases, type Releases, releasePlaces } from '#config/store'
import type { Artifact } from '#curator/catalog'
import type { AuditEntry } from '#node/audit'
import { noCounts, outcomeOf, type ResourceResult, type ResourceState, type Run } from '#node/checkin'
import { type Clock, type Random, seededRandom, sha256Hex, silentLogger, systemClock } from '#node/kit'
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
} from '../fleet/types.ts'
import type { Authentication } from '../http/authentication.ts'
import { sessionIn } from '../http/authentication.ts'
import type { Principal, Role } from '../http/principal.ts'
import { createPolicy, type Policy } from '../policy/index.ts'
import type { Rollout, RolloutStatus } from '../rollout/types.ts'
import type { TaskRow, TasksControl, TasksView } from '../tasks/types.ts'
import type { DashboardParts } from './parts.ts'
import { RecentHistory } from './recent-history.ts'
import type { SwarmView } from './swarm-view.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A clock that tells the time that a story says. */
class StoryClock implements Clock {
  offset = 0
  now = (): number => systemClock.now() + this.offset
  monotonicMs = (): number => systemClock.monotonicMs()
  sleep = systemClock.sleep.bind(systemClock)
}

export const TRAITS = {
  os: { family: 'debian', distro: 'debian', arch: 'amd64', version: '12.8', kernel: '6.1.0-27-amd64' },
  hardware: { memory_mb: 8192, cpus: 4, model: 'Standard PC (Q35 + ICH9, 2009)' },
  network: { hostname: 'host', fqdn: 'host.example.com', addresses: ['10.0.4.17', 'fd00::17'] },
  packages: { nginx: '1.22.1-9+deb12u1', openssl: '3.0.15-1~deb12u1', 'redis-server': '7.0.15-1~deb12u1' },
  mounts: [{ path: '/', type: 'ext4', used_pct: 41 }],
  host_is_libvirt: true,
  is_container: false,
}

const FILES = {
  'configcrates/motd.vgo': `name: motd
vars:
  motd_contact: ops@example.com
resources:
  - name: motd
    type: file
    target_path: /etc/motd
    content: "Managed by Vigo. Questions: {{ .Vars.motd_contact }}\\n"
    owner: root
    group: root
    mode: "0644"
`,
  'configcrates/nginx.vgo': `name: nginx
vars:
  nginx_workers: "4"
  nginx_port: "8080"
resources:
  - name: package
    type: package
    package: nginx
    state: present
  - name: config
    type: file
    target_path: /etc/nginx/nginx.conf
    content: |
      worker_processes {{ .Vars.nginx_workers }};
      events { worker_connections 1024; }
      http { server { listen {{ .Vars.nginx_port }}; } }
    owner: root
    group: root
    mode: "0644"
    depends_on: [package]
    notify: [service]
  - name: service
    type: service
    service: nginx
    state: running
    enabled: true
    depends_on: [config]
`,
  'configcrates/hardening.vgo': `name: hardening
resources:
  - name: sshd-directory
    type: directory
    target_path: /etc/ssh/sshd_config.d
    owner: root
    group: root
    mode: "0755"
  - name: sshd-no-root
    type: file
    target_path: /etc/ssh/sshd_config.d/50-vigo.conf
    content: "PermitRootLogin no\\nPasswordAuthentication no\\n"
    owner: root
    group: root
    mode: "0600"
    depends_on: [sshd-directory]
`,
  'roles/web.vgo': 'name: web\nconfigcrates: [motd, nginx, hardening]\n',
  'environments.vgo':
    'environments:\n  production:\n    vars:\n      nginx_workers: "8"\n  staging:\n    vars:\n      nginx_workers: "2"\n',
  'envoys.vgo': `envoys:
  - match: "stage*.example.com"
    environment: staging
    roles: [web]
  - match: "*"
    environment: production
    roles: [web]
`,
}

type Files = Readonly<Record<string, string>>

/** A whole server behind the pages: real releases and policy, and a fleet that does as the test says. */
export class FakeServer implements AsyncDisposable {
  readonly parts: DashboardParts
  readonly fleet: FakeFleet
  readonly rollout: FakeRollout
  readonly tasks: FakeTasks
  readonly audit: AuditEntry[] = []
  readonly auth = new FakeAuthentication()
  readonly clock: StoryClock
  readonly #folder: string

  private constructor(folder: string, releases: Releases, policy: Policy, clock: StoryClock, random: Random) {
    this.#folder = folder
    this.clock = clock
    this.fleet = new FakeFleet(clock, policy, random)
    this.rollout = new FakeRollout(this.fleet)
    this.tasks = new FakeTasks(clock, this.fleet)
    this.parts = {
      version: '0.1.0',
      hostname: 'bolt1.example.com',
      clock,
      logger: silentLogger,
      releases,
      policy,
      fleet: this.fleet,
      rollout: this.rollout,
      tasks: this.tasks,
      history: new RecentHistory(releases, clock),
      swarm: new FakeSwarm(clock),
      audit: {
        append: async event => {
          const entry: AuditEntry = {
            ...event,
            seq: this.audit.length + 1,
            at: new Date(clock.now()).toISOString(),
            previous: this.audit[0]?.hash ?? '0'.repeat(64),
            hash: sha256Hex(`${this.audit.length}`),
          }
          this.audit.unshift(entry)
          return entry
        },
        read: async ({ limit, before = Number.POSITIVE_INFINITY }) =>
          this.audit.filter(({ seq }) => seq < before).slice(0, limit),
      },
    }
  }

  static async create(options: { seed?: number } = {}): Promise<FakeServer> {
    const folder = await mkdtemp(join(tmpdir(), 'vigo-dashboard-'))
    const clock = new StoryClock()
    const releases = new RealReleases({ places: releasePlaces(folder), clock })
    const policy = await createPolicy({ releases, clock, logger: silentLogger })
    return new FakeServer(folder, releases, policy, clock, seededRandom(options.seed ?? 7))
  }

  /** Publishes the usual tree with some files changed, at a time before now. */
  async publish(options: { files?: Files; author: string; reason: string; agoMs: number }): Promise<HistoryEntry> {
    this.clock.offset = -options.agoMs
    const { stacks } = this.parts.releases.places
    await rm(stacks, { recursive: true, force: true })
    for (const [path, text] of Object.entries({ ...FILES, ...options.files })) {
      await mkdir(dirname(join(stacks, path)), { recursive: true })
      await writeFile(join(stacks, path), text)
    }
    const { author, reason } = options
    const { releases, policy } = this.parts
    const result = await publish({ releases, checker: treeChecker(), author, reason, skipUrlCheck: true })
    await policy.reload()
    this.clock.offset = 0
    if (result.outcome !== 'published') {
      throw new Error(result.outcome + result.diagnostics.map(({ message }) => message).join('\n'))
    }
    return result.entry
  }

  async rollBack(options: { to: number; author: string; reason: string; agoMs: number }): Promise<HistoryEntry> {
    this.clock.offset = -options.agoMs
    const { releases, policy } = this.parts
    const { author, reason, to } = options
    const result = await rollback({ releases, checker: treeChecker(), author, reason, to: String(to) })
    await policy.reload()
    this.clock.offset = 0
    if (result.outcome !== 'rolled-back') throw new Error(result.outcome)
    return result.entry
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** One envoy, and its runs, the newest first. */
interface FakeEnvoy {
  row: EnvoyRow
  runs: StoredRun[]
}

export class FakeFleet implements FleetView, FleetControl {
  readonly #clock: Clock
  readonly #policy: Policy
  readonly #random: Random
  readonly #envoys = new Map<string, FakeEnvoy>()
  readonly #listeners = new Set<(event: FleetEvent) => void>()
  pushed: readonly string[] = []
  curve: FleetSample[] = []
  #rows: readonly EnvoyRow[] = []

  constructor(clock: Clock, policy: Policy, random: Random) {
    this.#clock = clock
    this.#policy = policy
    this.#random = random
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
    const durationMs = 700 + Math.floor(this.#random() * 2600)
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

export class FakeRollout implements Rollout {
  current: RolloutStatus = { monitor: { phase: 'idle' }, canary: null, verdicts: [] }
  acts: string[] = []
  readonly #fleet: FakeFleet

  constructor(fleet: FakeFleet) {
    this.#fleet = fleet
  }

  set(status: Partial<RolloutStatus>): void {
    this.current = { ...this.current, ...status }
    this.#fleet.tell({ type: 'rollout' })
  }

  status = (): RolloutStatus => this.current
  announce = (): never => {
    throw new Error('pages announce nothing')
  }
  withdraw = async (): Promise<void> => undefined
  promote = async ({ by }: { by: string }) => this.#act(`promote by ${by}`)
  stop = async ({ by }: { by: string }) => this.#act(`stop by ${by}`)

  #act(what: string) {
    this.acts.push(what)
    if (this.current.canary === null) throw new Error('nothing is staged')
    return this.current.canary
  }
}

export class FakeTasks implements TasksView, TasksControl {
  readonly rows: TaskRow[] = []
  aborted: string[] = []
  readonly #fleet: FakeFleet
  readonly clock: Clock

  constructor(clock: Clock, fleet: FakeFleet) {
    this.clock = clock
    this.#fleet = fleet
  }

  set(row: TaskRow): void {
    const at = this.rows.findIndex(({ id }) => id === row.id)
    if (at < 0) this.rows.unshift(row)
    else this.rows[at] = row
    this.#fleet.tell({ type: 'task', id: row.id })
  }

  list = async ({ limit }: { limit: number }): Promise<readonly TaskRow[]> => this.rows.slice(0, limit)
  get = async (id: string): Promise<TaskRow | null> => this.rows.find(row => row.id === id) ?? null
  abort = async (id: string): Promise<void> => void this.aborted.push(id)
  named = () => []
  workflows = async () => []
  workflow = async () => null
  watch = unused
  plan = unused
  run = unused
  runWorkflow = unused
  abortWorkflow = unused
}

function unused(): never {
  throw new Error('pages do not ask this')
}

class FakeSwarm implements SwarmView {
  readonly #artifacts: readonly Artifact[]
  readonly #startedAt: number

  constructor(clock: Clock) {
    const now = clock.now()
    this.#startedAt = now - 40_000
    this.#artifacts = [
      artifact(
        'webapp',
        'generic',
        ['2.0.3', '2.1.0', '2.1.1'],
        { latest: '2.1.1', stable: '2.1.0' },
        'os.arch=amd64',
        now - 3 * HOUR,
      ),
      artifact('nginx-modules', 'generic', ['1.22.1'], { latest: '1.22.1' }, '', now - 50 * HOUR),
      artifact(
        'base-image',
        'oci-archive',
        ['12.7', '12.8'],
        { latest: '12.8', bookworm: '12.8' },
        'host_is_libvirt=true',
        now - 9 * HOUR,
      ),
      artifact('site-packages', 'apt-repo', ['2026.46'], { latest: '2026.46' }, '*', now - 12 * MINUTE),
    ]
  }

  artifacts = () => this.#artifacts
  artifact = (id: string) => this.#artifacts.find(each => each.id === id) ?? null
  nameOf = ({ view }: Artifact) => `platform-team/${view.name}`
  usage = async () => ({ blobs: 6, bytes: 1_482_553_344, partialBytes: 88_080_384 })
  hostOf = (peer: string) => peer
  holders = async (blob: string) =>
    blob.startsWith('0') ? [] : ['web1.example.com', 'web2.example.com', 'db1.example.com']
  held = async (blob: string) => {
    if (blob.startsWith('a') || blob.startsWith('0')) return null
    return {
      sha: blob,
      sizeBytes: 1,
      chunks: blob,
      state: 'complete' as const,
      chunkCount: 1,
      chunksHeld: 1,
      bytesHeld: 1,
      addedAt: 0,
      usedAt: 0,
      pins: [],
    }
  }
  transfers = () => {
    const blob = this.#artifacts[3]?.view.versions['2026.46']?.[0]
    if (blob === undefined) return []
    return [
      {
        blob: { sha: blob.blobSha, sizeBytes: blob.sizeBytes, chunks: blob.chunks },
        phase: 'transfer' as const,
        bytesTotal: 402_653_184,
        bytesReused: 67_108_864,
        bytesFetched: 181_403_648,
        bytesPerSecond: 48_234_496,
        secondsLeft: 3.2,
        sources: { 'web2.example.com': 101_711_872, 'web7.example.com': 79_691_776 },
        priority: 'replica' as const,
        startedAt: this.#startedAt,
      },
    ]
  }
}

function artifact(
  name: string,
  kind: Artifact['view']['kind'],
  versions: readonly string[],
  tags: Readonly<Record<string, string>>,
  target: string,
  issuedAt: number,
): Artifact {
  const founder = sha256Hex('platform-team')
  const blobs = versions.map(version => {
    const blobSha = sha256Hex(`${name} ${version}`)
    return [version, [{ os: 'linux', arch: 'amd64', blobSha, sizeBytes: 402_653_184, chunks: blobSha }]] as const
  })
  return {
    id: sha256Hex(founder, name),
    heads: [],
    view: {
      name,
      kind,
      founder,
      signer: founder,
      epoch: 0,
      seq: versions.length,
      versions: Object.fromEntries(blobs),
      tags,
      target,
      recipients: [],
      tombstone: false,
      issuedAt,
      conflicts: [],
    },
  }
}

/** Sessions for tokens `vgot_admin`, `vgot_operator`, `vgot_viewer`. */
export class FakeAuthentication implements Authentication {
  readonly #sessions = new Map<string, Principal>()
  #count = 0

  ofBearer(header: string | undefined): Principal | null {
    return this.#principal(header?.replace(/^Bearer /, ''), 'token')
  }

  ofCookie(header: string | undefined): Principal | null {
    return this.#sessions.get(sessionIn(header) ?? '') ?? null
  }

  login(token: string) {
    const principal = this.#principal(token, 'session')
    if (principal === null) return null
    const value = `session-${++this.#count}`
    this.#sessions.set(value, principal)
    return { principal, value }
  }

  logout(header: string | undefined): void {
    this.#sessions.delete(sessionIn(header) ?? '')
  }

  #principal(token: string | undefined, via: Principal['via']): Principal | null {
    const role = (['admin', 'operator', 'viewer'] as const).find((each: Role) => token === `vgot_${each}`)
    return role === undefined ? null : { name: role === 'viewer' ? 'wallboard' : 'anna', role, via }
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

const SERVICE_MESSAGE =
  "nginx.service did not start: exit code 1, 'nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)'; see journalctl -u nginx"

export const NGINX_FAILED: readonly ResourceResult[] = [
  result('nginx/config', 'file', 'changed', {
    diff: '--- /etc/nginx/nginx.conf\n+++ /etc/nginx/nginx.conf\n@@ -1,3 +1,3 @@\n worker_processes 8;\n events { worker_connections 1024; }\n-http { server { listen 8080; } }\n+http { server { listen 80; } }\n',
  }),
  result('nginx/service', 'service', 'failed-restart', {
    message: SERVICE_MESSAGE,
    output: 'Job for nginx.service failed because the control process exited with error code.\n',
  }),
]

/** The fleet after a release that broke its canaries was taken back: what the first screen has to tell. */
export async function rolledBackFleet(server: FakeServer): Promise<void> {
  const { fleet, rollout, parts } = server
  await server.publish({ author: 'anna', reason: 'First release', agoMs: 26 * HOUR })
  const good = await server.publish({
    files: { 'configcrates/motd.vgo': FILES['configcrates/motd.vgo'].replace('ops@', 'platform@') },
    author: 'ben',
    reason: 'Platform team answers questions now',
    agoMs: 20 * HOUR,
  })
  const bad = await server.publish({
    files: { 'configcrates/nginx.vgo': FILES['configcrates/nginx.vgo'].replace('"8080"', '"80"') },
    author: 'anna',
    reason: 'Listen on port 80',
    agoMs: 14 * MINUTE,
  })
  await server.rollBack({
    to: good.number,
    author: 'rollback monitor',
    reason: '3 of 4 hosts are worse than before: web02, web05, web09',
    agoMs: 9 * MINUTE,
  })
  const hosts = Array.from({ length: 42 }, (_, at) => `web${String(at + 1).padStart(2, '0')}.example.com`)
  for (const host of [
    ...hosts,
    'stage1.example.com',
    'stage2.example.com',
    'db1.example.com',
    'db2.example.com',
    'cache1.example.com',
    'monitoring.example.com',
  ]) {
    fleet.add(host)
    fleet.report(host, { release: good.release, agoMs: 17 * MINUTE })
  }
  const canaries = ['web02', 'web05', 'web09', 'web31'].map(name => `${name}.example.com`)
  const failed = canaries.slice(0, 3)
  for (const host of failed) fleet.report(host, { release: bad.release, results: NGINX_FAILED, agoMs: 12 * MINUTE })
  fleet.report('web31.example.com', { release: bad.release, results: NGINX_FAILED.slice(0, 1), agoMs: 12 * MINUTE })
  for (const [at, host] of hosts.entries()) {
    const results = canaries.includes(host) ? [result('nginx/config', 'file', 'changed', NGINX_FAILED[0])] : []
    fleet.report(host, { release: good.release, results, agoMs: (at % 7) * 40_000 })
  }
  for (const host of ['stage1', 'stage2', 'db1', 'cache1'])
    fleet.report(`${host}.example.com`, { release: good.release, agoMs: 90_000 })
  const motdDrift = result('motd/motd', 'file', 'corrected', {
    changes: [{ attribute: 'mode', from: '0666', to: '0644' }],
    diff: '--- /etc/motd\n+++ /etc/motd\n@@ -1,2 +1 @@\n Managed by Vigo. Questions: platform@example.com\n-bob was here\n',
  })
  fleet.report('web17.example.com', { release: good.release, results: [motdDrift] })
  for (const agoMs of [9 * MINUTE, 4 * MINUTE, 0])
    fleet.report('web23.example.com', { release: good.release, results: [motdDrift], agoMs })
  fleet.report('db1.example.com', {
    release: good.release,
    results: [
      result('nginx/package', 'package', 'failed', {
        message:
          "apt could not install 'nginx': the package lists are locked by unattended-upgr (pid 4127); it is tried again at the next run",
      }),
      result('nginx/config', 'file', 'blocked', { message: 'not tried: nginx/package failed' }),
      result('nginx/service', 'service', 'blocked', { message: 'not tried: nginx/package failed' }),
    ],
  })
  fleet.change('db2.example.com', {
    reachability: 'stale',
    isConnected: false,
    lastSeenAt: parts.clock.now() - 3 * HOUR,
  })
  fleet.add('web43.example.com')
  const evidence = { judged: 4, harmed: 3, harmedHosts: failed, notJudged: 0 }
  const now = parts.clock.now()
  const verdict = {
    verdict: 'rollback' as const,
    release: bad.release,
    to: good.release,
    reason: '3 of 4 hosts are worse than before: web02, web05, web09.',
    evidence,
    at: now - 9.5 * MINUTE,
  }
  rollout.set({
    monitor: { phase: 'decided', verdict },
    verdicts: [verdict],
    canary: {
      phase: 'stopped',
      selector: '10%',
      release: bad.release,
      base: good.release,
      by: 'anna',
      since: now - 14.5 * MINUTE,
      hosts: canaries,
      converged: ['web31.example.com'],
      failed,
      at: now - 9.2 * MINUTE,
      reason: '3 of 4 canaries failed.',
    },
  })
  fleet.curve = curveOf(now, fleet.counts())
  addTasks(server, hosts)
  await parts.audit.append({
    actor: 'anna',
    via: 'socket',
    action: 'config.publish',
    target: `#${bad.number}`,
    outcome: 'done',
    details: { canary: '10%' },
  })
  await parts.audit.append({
    actor: 'wallboard',
    via: 'session',
    action: 'envoy.push',
    target: 'web02.example.com',
    outcome: 'refused',
    details: { role: 'viewer' },
  })
  await parts.audit.append({
    actor: 'rollback monitor',
    via: 'system',
    action: 'config.rollback',
    target: `#${good.number}`,
    outcome: 'done',
    details: { from: `#${bad.number}`, harmed: 3, judged: 4 },
  })
}

function curveOf(now: number, counts: FleetCounts): FleetSample[] {
  const { envoys } = counts
  return Array.from({ length: 24 * 60 }, (_, at) => {
    const ago = 24 * 60 - at
    const wave = Math.round(1.4 + Math.sin(at / 70) + Math.sin(at / 23) * 0.6)
    const young = ago > 19.8 * 60 && ago < 20 * 60 ? Math.round(((ago - 19.8 * 60) / 12) * 20) : 0
    const failed = ago < 12 && ago > 8 ? 3 : ago > 15.2 * 60 && ago < 15.9 * 60 ? 4 : 0
    const degraded = Math.max(0, wave) + young
    const none = ago > 6 * 60 ? 0 : 1
    const status = { converged: envoys - degraded - failed - none, degraded, failed, 'no-data': none }
    return { at: now - ago * MINUTE, counts: { ...counts, status } }
  })
}

function addTasks({ tasks, clock }: FakeServer, hosts: readonly string[]): void {
  const base = { by: 'anna', reason: '', name: null, batches: 1, batch: 1 }
  const host = (hostname: string) => ({
    peer: sha256Hex(hostname),
    hostname,
    batch: 1,
    exitCode: 0,
    problem: '',
    durationMs: 840,
  })
  tasks.set({
    ...base,
    id: 'b3f1c2d4e5a60718',
    command: 'uptime',
    target: 'web*',
    state: 'succeeded',
    startedAt: clock.now() - 3 * HOUR,
    endedAt: clock.now() - 3 * HOUR + 4_200,
    hosts: hosts.map(name => ({
      ...host(name),
      state: 'succeeded' as const,
      output: ' 14:02:11 up 21 days,  3:12,  0 users,  load average: 0.08, 0.03, 0.01\n',
    })),
  })
  tasks.set({
    ...base,
    id: '9c0de5aa71b2f364',
    name: 'restart-nginx',
    command: 'systemctl restart nginx && curl -sf http://127.0.0.1:8080/health',
    target: 'web*,-web09*',
    state: 'running',
    startedAt: clock.now() - 23_000,
    endedAt: null,
    batches: 5,
    batch: 2,
    hosts: hosts.slice(0, 15).map((name, at) => ({
      ...host(name),
      batch: Math.floor(at / 3) + 1,
      state:
        at < 4
          ? ('succeeded' as const)
          : at === 4
            ? ('failed' as const)
            : at === 5
              ? ('running' as const)
              : ('waiting' as const),
      exitCode: at < 4 ? 0 : at === 4 ? 22 : null,
      problem: at === 4 ? 'exited with 22' : '',
      output: at < 4 ? 'ok\n' : at === 4 ? 'curl: (22) The requested URL returned error: 503\n' : '',
      durationMs: at <= 4 ? 2100 + at * 130 : 0,
    })),
  })
}
