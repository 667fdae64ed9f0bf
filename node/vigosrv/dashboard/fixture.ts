import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { publish, rollback, treeChecker } from '#config/publish'
import { type HistoryEntry, Releases, releasePlaces } from '#config/store'
import type { AuditEntry } from '#node/audit'
import { type Clock, sha256Hex, silentLogger, systemClock } from '#node/kit'
import { type Authentication, sessionIn } from '../http/authentication.ts'
import type { Principal, Role } from '../http/principal.ts'
import { createPolicy, type Policy } from '../policy/index.ts'
import { standalonePublishing } from '../spanner/standalone.ts'
import { FakeSwarm } from './pages/artifacts/fixture.ts'
import { FakeBolts } from './pages/bolts/fixture.ts'
import { FakeFleet } from './pages/envoys/fixture.ts'
import { FakeRollout } from './pages/overview/fixture.ts'
import { FakeProjects } from './pages/projects/fixture.ts'
import { FakeTasks } from './pages/tasks/fixture.ts'
import type { DashboardParts } from './parts.ts'
import { RecentHistory } from './recent-history.ts'

/** A clock that tells the time that a story says. */
class StoryClock implements Clock {
  offset = 0
  now = (): number => systemClock.now() + this.offset
  monotonicMs = (): number => systemClock.monotonicMs()
  sleep = systemClock.sleep.bind(systemClock)
}

/** A tree as somebody could have it: three crates for everybody, two environments. */
export const FILES = {
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
  readonly swarm: FakeSwarm
  readonly bolts: FakeBolts
  readonly projects: FakeProjects
  readonly audit: AuditEntry[] = []
  readonly auth = new FakeAuthentication()
  readonly clock: StoryClock
  readonly #folder: string

  private constructor(folder: string, releases: Releases, policy: Policy, clock: StoryClock) {
    this.#folder = folder
    this.clock = clock
    this.fleet = new FakeFleet(clock, policy)
    this.swarm = new FakeSwarm(clock)
    this.bolts = new FakeBolts(clock)
    this.projects = new FakeProjects(clock)
    this.rollout = new FakeRollout(this.fleet)
    this.tasks = new FakeTasks(this.fleet)
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
      history: new RecentHistory({ releases, policy, clock }),
      swarm: this.swarm,
      bolts: this.bolts,
      projects: this.projects,
      spanner: { ...standalonePublishing(releases), setDraining: this.bolts.setDraining },
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

  static async create(): Promise<FakeServer> {
    const folder = await mkdtemp(join(tmpdir(), 'vigo-dashboard-'))
    const clock = new StoryClock()
    const releases = new Releases({ places: releasePlaces(folder), clock })
    const policy = await createPolicy({ releases, clock, logger: silentLogger })
    return new FakeServer(folder, releases, policy, clock)
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
