import { join } from 'node:path'
import type { Level } from 'level'
import { Catalog } from '#curator/catalog'
import { CatalogMirror, Curator, descriptorOf, Shelf, writerOf } from '#curator/transfer'
import { Projects } from '#gitback/project'
import { type ContentCheck, Replicator } from '#gitback/replicate'
import { createHost, type Host, type PeerId, publicKeyOf } from '#node/host'
import {
  type Clock,
  hostPlatform,
  type Layout,
  type Logger,
  messageOf,
  type Random,
  systemClock,
  TaskGroup,
  toHex,
} from '#node/kit'
import { createExchange, type Exchange } from '#swarm/exchange'
import { Replication } from '#swarm/gossip'
import { PuddleDirectory } from '#swarm/puddle'
import { signerFromSeed } from '#swarm/record'
import { Replicas, type Self } from '#swarm/replica'
import { Roster } from '#swarm/roster'
import { Routes } from '#swarm/routes'
import { type BlobStore, openFsStore } from '#swarm/store'
import { openDatabase } from './database.ts'
import { linkSpeedMbit } from './link-speed.ts'
import { Neighbours, peerIdOfMember } from './neighbours.ts'
import type { Swarm } from './settings.ts'

/** Replicated knowledge and local bytes of one machine; what both daemons are made of. */
export interface Member {
  readonly layout: Layout
  readonly fleetId: string
  readonly self: Self
  readonly db: Level
  readonly host: Host
  readonly roster: Roster
  /** Which bolt serves which envoy. */
  readonly routes: Routes
  readonly directory: PuddleDirectory
  readonly catalog: Catalog
  readonly store: BlobStore
  readonly exchange: Exchange
  readonly replication: Replication
  readonly neighbours: Pick<Neighbours, 'reach'>
  readonly replicas: Replicas
  readonly shelf: Shelf
  readonly curator: Curator
  /** Gitback projects: what is known of them, and the repositories of those that this machine holds. */
  readonly projects: Projects
  readonly replicator: Replicator
  readonly clock: Clock
  readonly startedAt: number
  close(): Promise<void>
}

export interface MemberOptions {
  layout: Layout
  fleetId: string
  seed: Uint8Array
  hostname: string
  swarm: Swarm
  bootstrap: readonly string[]
  logger: Logger
  /** Of commits of the stacks. */
  checkStacks?: ContentCheck
  clock?: Clock
  random?: Random
}

const HELD_RECORDS_MS = 60_000

type Closer = () => Promise<unknown>

/** Starts the peer. Everything that was opened is closed again when a later step fails. */
export async function startMember(options: MemberOptions): Promise<Member> {
  const closers: Closer[] = []
  try {
    return await compose(options, closers)
  } catch (error) {
    await closeAll(closers, options.logger)
    throw error
  }
}

async function compose(options: MemberOptions, closers: Closer[]): Promise<Member> {
  const { layout, fleetId, logger, swarm } = options
  const clock = options.clock ?? systemClock
  const random = options.random ?? Math.random
  const self: Self = {
    hostname: options.hostname,
    traits: { ...hostPlatform(), hostname: options.hostname },
  }

  const db = await openDatabase(layout)
  closers.push(() => db.close())
  const roster = await Roster.open({ db, fleetId, logger })
  const routes = await Routes.open({ db, fleetId, roster, logger, now: () => clock.now() })
  const directory = await PuddleDirectory.open({ db, fleetId, logger })
  const catalog = await Catalog.open({ db, fleetId, clock, logger, successorOf: key => directory.successorOf(key) })
  const projects = await Projects.open({
    db,
    fleetId,
    logger,
    newestKey: key => directory.newestKey(key),
    now: () => clock.now(),
  })
  const store = await openFsStore({
    folder: layout.swarm,
    db,
    log: logger,
    clock,
  })
  closers.push(() => store.close())

  const isMember = (peer: PeerId): boolean => roster.isMember(toHex(publicKeyOf(peer)))
  const host = await createHost({
    privateKeySeed: options.seed,
    listen: swarm.listen,
    announce: swarm.announce,
    fleetId,
    gate: isMember,
    bootstrap: options.bootstrap,
    mdns: swarm.mdns,
    relay: swarm.relay,
    logger,
    clock,
    random,
  })
  closers.push(() => host.close())
  roster.onChange(({ peer, after }) => {
    if (after) return
    for (const connected of host.peers()) if (!isMember(connected)) void host.disconnect(connected)
    logger.info('member-out', { peer: peerIdOfMember(peer) })
  })

  const linkMbit = swarm.linkMbit ?? (await linkSpeedMbit())
  const exchange = await createExchange({
    host,
    store,
    clock,
    random,
    logger,
    bolts: () =>
      roster
        .members()
        .filter(member => roster.isBolt(member.peer))
        .map(member => peerIdOfMember(member.peer)),
    replicaBytesPerSecond: () => (linkMbit * 1e6 * swarm.maxBandwidthPercent) / 100 / 8,
  })
  closers.push(() => exchange.close())
  const replication = await Replication.start({
    host,
    fleetId,
    sets: [roster, routes, directory, catalog, projects],
    clock,
    random,
    logger,
  })
  closers.push(() => replication.close())
  const neighbours = await Neighbours.start({
    host,
    roster,
    isMember,
    bootstrap: options.bootstrap,
    file: layout.addressBook,
    clock,
    random,
    logger,
  })
  closers.push(() => neighbours.close())

  const replicas = new Replicas({
    exchange,
    store,
    self: () => self,
    clock,
    random,
    logger,
    source: {
      *wanted() {
        for (const { view } of catalog.artifacts()) {
          if (view.tombstone || view.target === '') continue
          const blobs = Object.values(view.versions).flat().map(descriptorOf)
          yield {
            name: `${directory.nameOf(view.founder) ?? view.founder.slice(0, 12)}/${view.name}`,
            target: view.target,
            blobs,
          }
        }
      },
      onChange: listener => catalog.onChange(listener),
    },
  })
  closers.push(() => replicas.close())
  const shelf = new Shelf({ folder: layout.artifacts, logger })
  const curator = new Curator({
    catalog,
    directory,
    store,
    exchange,
    shelf,
    clock,
    logger,
    writer: writerOf(signerFromSeed(options.seed).publicKey),
    maxBytes: swarm.curatorMaxBytes,
    announce: record => replication.publish('catalog', record),
  })
  await curator.dropStaleLeases()
  closers.push(async () => curator.close())
  const mirror = new CatalogMirror({ catalog, directory, folder: layout.artifacts, clock, logger })
  closers.push(() => mirror.close())

  const replicator = await Replicator.start({
    host,
    projects,
    folder: join(layout.swarm, 'gitback', 'projects'),
    self: toHex(publicKeyOf(host.peerId)),
    clock,
    random,
    logger,
    announce: record => replication.publish('refs', record),
    ...(options.checkStacks === undefined ? {} : { checkStacks: options.checkStacks }),
  })
  closers.push(() => replicator.close())

  const tasks = new TaskGroup(error => logger.warn('catalog-upkeep-failed', { reason: messageOf(error) }))
  const upkeep = setInterval(() => {
    tasks.run(() => catalog.releaseHeld())
    tasks.run(() => curator.unpinRemoved())
  }, HELD_RECORDS_MS)
  closers.push(async () => {
    clearInterval(upkeep)
    await tasks.settled()
  })

  logger.info('started', { peer: host.peerId, hostname: options.hostname, addresses: host.addresses() })
  let closed: Promise<void> | undefined
  return {
    layout,
    fleetId,
    self,
    db,
    host,
    roster,
    routes,
    directory,
    catalog,
    store,
    exchange,
    replication,
    neighbours,
    replicas,
    shelf,
    curator,
    projects,
    replicator,
    clock,
    startedAt: clock.now(),
    close: () => (closed ??= closeAll(closers, logger)),
  }
}

async function closeAll(closers: Closer[], logger: Logger): Promise<void> {
  for (const close of closers.reverse()) {
    try {
      await close()
    } catch (error) {
      logger.warn('close-failed', { reason: messageOf(error) })
    }
  }
}
