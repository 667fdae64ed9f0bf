import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact, Change } from '#curator/catalog'
import { CuratorError, collectGarbage, DEFAULT_RETENTION_MS, prune, staleItems } from '#curator/transfer'
import { type ArtifactSummary, agentRoutes, curatorRoutes, gitbackRoutes, type MemberStatus } from '#node/api'
import { Api, type Authorise, type Handlers, UnixLogins, userNameOf } from '#node/api/server'
import { publicKeyOf } from '#node/host'
import { allowedByPatterns, fromHex, hostPlatform, type Logger, toHex } from '#node/kit'
import type { FetchProgress } from '#swarm/exchange'
import { assemble, recordToJson } from '#swarm/record'
import { applyBundle, BundleError, bundleStream } from './bundle/index.ts'
import { gitbackHandlers } from './gitback-api.ts'
import { uploadPackStream } from './gitback-stream.ts'
import type { Member } from './member.ts'
import type { Pairing } from './pairing.ts'
import { PuddleUsers } from './puddle-users.ts'
import type { Swarm } from './settings.ts'

export interface LocalApiOptions {
  member: Member
  swarm: Swarm
  pairing: Pairing
  role: string
  version: string
  logger: Logger
  /** Routes of `agent.sock` that only one of the daemons has. */
  addRoutes?: (agent: Api) => void
}

/** The sockets for people and programs of this machine: `agent.sock` with everything, `curator.sock` with artifacts only, `gitback.sock` with projects only. */
export class LocalApi {
  readonly #agent: Api
  readonly #curator: Api
  readonly #gitback: Api

  private constructor(agent: Api, curator: Api, gitback: Api) {
    this.#agent = agent
    this.#curator = curator
    this.#gitback = gitback
  }

  static async start(options: LocalApiOptions): Promise<LocalApi> {
    const { member, logger } = options
    const { layout } = member
    await mkdir(layout.run, { recursive: true, mode: 0o755 })
    const apis: Api[] = []
    for (const name of ['agent', 'curator', 'gitback'] as const) {
      const logins = new UnixLogins(join(layout.run, `${name}-logins`))
      await logins.prepare()
      apis.push(new Api({ logins, authorise: authoriser(options), logger }))
    }
    const [agent, curator, gitback] = apis as [Api, Api, Api]
    agent.add(curatorRoutes, curatorHandlers(options)).add(agentRoutes, agentHandlers(options))
    curator
      .add(curatorRoutes, curatorHandlers(options))
      .add({ submit: agentRoutes.submit }, { submit: submitHandler(options) })
    options.addRoutes?.(agent)
    agent.addRaw(bundleStream(member))
    const users = new PuddleUsers(member.db)
    gitback.add(gitbackRoutes, gitbackHandlers(member, users)).addRaw(uploadPackStream(member, users))
    await agent.listenOnSocket(layout.socket('agent'), 0o666)
    await curator.listenOnSocket(layout.socket('curator'), 0o666)
    await gitback.listenOnSocket(layout.socket('gitback'), 0o666)
    return new LocalApi(agent, curator, gitback)
  }

  async close(): Promise<void> {
    await Promise.all([this.#agent.close(), this.#curator.close(), this.#gitback.close()])
  }
}

/**
 * Publishing needs the machine's pattern list and, for everyone but its administrator, the user's flag `curator`; projects need the flag
 * `gitback`.
 */
function authoriser({ member, swarm }: LocalApiOptions): Authorise {
  return async (caller, user) => {
    if (caller === 'anyone') return
    if (user === null) throw new CuratorError('forbidden', 'log in first')
    const isAdmin = user.uid === 0 || user.uid === process.getuid?.()
    if (caller === 'admin') {
      if (!isAdmin) throw new CuratorError('forbidden', 'only the administrator of this machine may do this; use sudo')
      return
    }
    const flag = caller === 'gitback' ? 'gitback' : 'curator'
    if (flag === 'curator' && !allowedByPatterns(swarm.curatorEnabled, member.self.hostname)) {
      throw new CuratorError(
        'forbidden',
        `publishing is off on '${member.self.hostname}': no pattern of swarm.curator.enabled allows it`,
      )
    }
    if (!isAdmin) await requireFlag(member, user.uid, flag)
  }
}

async function requireFlag(member: Member, uid: number, flag: 'curator' | 'gitback'): Promise<void> {
  const name = await userNameOf(uid)
  const path = join(member.layout.usercratePolicy, `${name ?? uid}.json`)
  const policy: unknown = await readFile(path, 'utf8')
    .then(JSON.parse)
    .catch(() => null)
  if (typeof policy === 'object' && policy !== null && (policy as Record<string, unknown>)[flag] === true) return
  throw new CuratorError('forbidden', `user '${name ?? uid}' may not do this: ${path} does not grant ${flag}: true`)
}

function curatorHandlers({ member }: LocalApiOptions): Handlers<typeof curatorRoutes> {
  const { curator, catalog, shelf, store, replicas } = member
  return {
    artifacts: async ({ body }) => ({
      artifacts: [...catalog.artifacts()]
        .filter(artifact => body.removed === true || !artifact.view.tombstone)
        .map(artifact => summary(artifact, curator.namespaceOf(artifact)))
        .sort((a, b) => a.namespace.localeCompare(b.namespace) || a.name.localeCompare(b.name)),
    }),
    inspect: async ({ body }) => {
      const artifact = curator.find(body.reference, body.puddle ?? null)
      const heads = []
      for (const { hash } of artifact.heads) {
        const record = await catalog.record(artifact.id, hash)
        if (record !== null) heads.push({ hash, ...recordToJson(record) })
      }
      const { view } = artifact
      return {
        id: artifact.id,
        namespace: curator.namespaceOf(artifact),
        view: {
          ...view,
          versions: mutable(view.versions),
          recipients: [...view.recipients],
          conflicts: [...view.conflicts],
        },
        heads,
      }
    },
    resolve: async ({ body }) => {
      const resolved = await curator.resolve(body.reference, body.platform ?? hostPlatform(), body.puddle)
      return { ...resolved, tags: [...resolved.tags] }
    },
    pull: async ({ body, signal, emit }) => {
      const pulled = await curator.pull(body.reference, body.platform ?? hostPlatform(), {
        ownPuddle: body.puddle,
        signal,
        onProgress: progress => emit(progressOf(progress)),
      })
      return { ...pulled, tags: [...pulled.tags], report: { ...pulled.report, sources: { ...pulled.report.sources } } }
    },
    upload: async ({ upload, signal }) => {
      if (upload === null) throw new CuratorError('usage', 'an upload needs bytes')
      return curator.receive(upload.bytes, { expectedBytes: upload.sizeBytes, signal })
    },
    discard: async ({ body }) => {
      await curator.discard(body.sha)
      return {}
    },
    draft: async ({ body }) => ({
      body: new TextDecoder().decode(curator.draft({ ...body, change: body.change as Change })),
      fleet: member.fleetId,
    }),
    stale: async () => ({ items: await staleItems(shelf, catalog) }),
    prune: async ({ body }) => ({ items: await prune(shelf, catalog, body) }),
    collect: async ({ body }) => {
      await curator.unpinRemoved()
      const now = Date.now()
      const retentionMs = body.retentionMs ?? DEFAULT_RETENTION_MS
      const result = await collectGarbage({ store, shelf, replicas, now, retentionMs, dryRun: body.dryRun })
      return { removed: result.removed.map(blob => ({ ...blob, pins: [...blob.pins] })), freedBytes: result.freedBytes }
    },
  }
}

function agentHandlers(options: LocalApiOptions): Handlers<typeof agentRoutes> {
  const { member, pairing } = options
  const { directory, catalog, store } = member
  return {
    status: async () => statusOf(options),
    blobs: async () => {
      const blobs = []
      for await (const blob of store.list()) blobs.push({ ...blob, pins: [...blob.pins] })
      return { blobs }
    },
    submit: submitHandler(options),
    applyBundle: async ({ upload, signal }) => {
      if (upload === null) throw new BundleError('malformed', 'an upload needs bytes')
      return applyBundle(member, upload.bytes, { signal })
    },
    puddles: async () => ({ puddles: directory.puddles() }),
    puddle: async ({ body }) => ({
      fleet: member.fleetId,
      name: directory.nameOf(body.puddle),
      claimSerial: directory.claimOf(body.puddle)?.serial ?? 0,
      newestKey: directory.newestKey(body.puddle),
      olderKeys: directory.olderKeys(body.puddle),
      artifacts: [...catalog.artifacts()]
        .filter(({ view }) => view.signer === body.puddle && !view.tombstone)
        .map(({ id, view }) => ({ id, name: view.name, founder: view.founder })),
      now: Date.now(),
    }),
    offerPairing: async ({ body }) => ({ expiresAt: pairing.offer(body.code, body.bundle) }),
    claimPairing: async ({ body, signal }) => ({ bundle: await pairing.claim(body.from, body.code, { signal }) }),
  }
}

function submitHandler({ member }: LocalApiOptions): Handlers<{ submit: typeof agentRoutes.submit }>['submit'] {
  return async ({ body }) => {
    const record = assemble(body.kind, new TextEncoder().encode(body.body), fromHex(body.signature))
    if (record.kind === 'catalog-entry') await member.curator.submit(record)
    else {
      await member.directory.offer(record, { sync: true })
      await member.replication.publish('names', record)
    }
    return { hash: record.hash }
  }
}

async function statusOf({ member, swarm, role, version }: LocalApiOptions): Promise<MemberStatus> {
  const { host, roster, replication, replicas, exchange, catalog, store } = member
  const members = roster.members().filter(row => roster.isMember(row.peer))
  const replicated = replicas.status()
  const { lastSync, records } = replication.status()
  return {
    fleet: member.fleetId,
    hostname: member.self.hostname,
    role,
    version,
    pid: process.pid,
    peer: host.peerId,
    publicKey: toHex(publicKeyOf(host.peerId)),
    addresses: host.addresses(),
    startedAt: member.startedAt,
    peers: host.peers().map(peer => {
      const row = roster.member(toHex(publicKeyOf(peer)))
      return { peer, hostname: row?.hostname ?? '', role: row?.role ?? '' }
    }),
    members: members.length,
    records,
    lastSync,
    heldFromFuture: catalog.heldCount,
    store: await store.usage(),
    replicas: { ...replicated, failures: [...replicated.failures] },
    transfers: exchange.transfers().map(transfer => ({
      blob: transfer.blob.sha,
      priority: transfer.priority,
      startedAt: transfer.startedAt,
      ...progressOf(transfer),
    })),
    publishing: {
      enabled: allowedByPatterns(swarm.curatorEnabled, member.self.hostname),
      maxBytes: swarm.curatorMaxBytes,
    },
    memoryBytes: process.memoryUsage.rss(),
  }
}

function summary({ id, view, heads }: Artifact, namespace: string): ArtifactSummary {
  const blobs = new Map(
    Object.values(view.versions)
      .flat()
      .map(blob => [blob.blobSha, blob.sizeBytes]),
  )
  return {
    id,
    namespace,
    name: view.name,
    kind: view.kind,
    founder: view.founder,
    versions: Object.keys(view.versions),
    tags: { ...view.tags },
    target: view.target,
    tombstone: view.tombstone,
    heads: heads.length,
    conflicts: view.conflicts.length,
    sizeBytes: [...blobs.values()].reduce((sum, size) => sum + size, 0),
    issuedAt: view.issuedAt,
  }
}

function progressOf(progress: FetchProgress) {
  const { blob: _blob, sources, ...rest } = progress
  return { ...rest, sources: { ...sources } }
}

function mutable<T>(versions: Readonly<Record<string, readonly T[]>>): Record<string, T[]> {
  return Object.fromEntries(Object.entries(versions).map(([version, platforms]) => [version, [...platforms]]))
}
