import type { Member } from '#node/member'
import type { Instruments } from './instruments.ts'

/** This machine as a peer: neighbours, what it holds, what moves. */
export function swarmMetrics(instruments: Instruments, member: Member): void {
  const { host, roster, catalog, store, exchange, replicas } = member
  const peers = instruments.gauge({ name: 'vigo_swarm_peers', help: 'Members connected to this one.' })
  const members = instruments.gauge({ name: 'vigo_swarm_members', help: 'Members that the roster admits.' })
  const entries = instruments.gauge({
    name: 'vigo_catalog_artifacts',
    help: 'Artifacts in the catalog, removed ones left out.',
  })
  const blobs = instruments.gauge({ name: 'vigo_swarm_blobs', help: 'Complete blobs on this machine.' })
  const bytes = instruments.gauge({
    name: 'vigo_swarm_blob_bytes',
    help: 'Bytes of blobs on this machine.',
    labels: { state: 'complete, partial' },
  })
  const free = instruments.gauge({ name: 'vigo_swarm_disk_free_bytes', help: 'Free space where blobs are kept.' })
  const size = instruments.gauge({ name: 'vigo_swarm_disk_size_bytes', help: 'Size of the disk where blobs are kept.' })
  const moved = instruments.counter({
    name: 'vigo_swarm_bytes_total',
    help: 'Bytes of blobs that came from other members, or were given to them.',
    labels: { direction: 'fetched, served' },
  })
  const transfers = instruments.gauge({ name: 'vigo_swarm_transfers', help: 'Blobs on their way here.' })
  const replica = instruments.gauge({
    name: 'vigo_swarm_replicas',
    help: 'Blobs that targets ask this machine to hold, and those of them that it holds.',
    labels: { state: 'wanted, held' },
  })
  const before = { fetched: 0, served: 0 }
  instruments.collect(async () => {
    peers.set(host.peers().length)
    members.set(roster.members().filter(({ peer }) => roster.isMember(peer)).length)
    let living = 0
    for (const { view } of catalog.artifacts()) if (!view.tombstone) living++
    entries.set(living)
    transfers.set(exchange.transfers().length)
    const { bytesFetched, bytesServed } = exchange.totals()
    moved.inc({ direction: 'fetched' }, Math.max(0, bytesFetched - before.fetched))
    moved.inc({ direction: 'served' }, Math.max(0, bytesServed - before.served))
    before.fetched = bytesFetched
    before.served = bytesServed
    const { wanted, held } = replicas.status()
    replica.set({ state: 'wanted' }, wanted)
    replica.set({ state: 'held' }, held)
    const usage = await store.usage()
    blobs.set(usage.blobs)
    bytes.set({ state: 'complete' }, usage.bytes)
    bytes.set({ state: 'partial' }, usage.partialBytes)
    free.set(usage.diskFreeBytes)
    size.set(usage.diskSizeBytes)
  })
}
