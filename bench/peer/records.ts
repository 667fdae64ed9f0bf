import { setTimeout as sleep } from 'node:timers/promises'
import { draftEntry, entryBody, readEntry } from '#curator/catalog'
import { fromHex, sha256Hex, toHex } from '#node/kit'
import { decodeRecord, encodeRecord, type SignedRecord, signerFromSeed, signRecord } from '#swarm/record'
import { member, sharedNow } from './life.ts'

const WRITER = '00'.repeat(8)
const OFFERED_AT_ONCE = 64

async function signEntry(name: string, fleetId: string, seed: Uint8Array): Promise<SignedRecord> {
  const signer = signerFromSeed(seed)
  const founder = toHex(signer.publicKey)
  const blob = {
    os: 'linux',
    arch: 'amd64',
    blobSha: sha256Hex(name),
    sizeBytes: 12_345_678,
    chunks: sha256Hex(name, name),
  }
  const change = { type: 'push', kind: null, version: '1.0.0', blob, tags: ['latest'], target: null } as const
  const context = { name, founder, signer: founder, delegations: [], writer: WRITER, now: Date.now() }
  return signRecord('catalog-entry', entryBody(draftEntry(undefined, change, context)), fleetId, signer)
}

export interface EntriesOptions {
  prefix: string
  count: number
  seed: string
}

/** First publications of `count` artifacts of one puddle, as encoded records in hex. */
export async function signEntries({ prefix, count, seed }: EntriesOptions): Promise<string[]> {
  const records: string[] = []
  for (let i = 0; i < count; i++) {
    records.push(toHex(encodeRecord(await signEntry(`${prefix}-${i}`, member().fleetId, fromHex(seed)))))
  }
  return records
}

/** Fills this member's own catalog without telling anybody. */
export async function fillCatalog(options: EntriesOptions): Promise<void> {
  const records = await signEntries(options)
  for (let at = 0; at < records.length; at += OFFERED_AT_ONCE) {
    const some = records.slice(at, at + OFFERED_AT_ONCE)
    await Promise.all(some.map(record => member().catalog.offer(decodeRecord(fromHex(record)))))
  }
}

const visibleSince = new Map<string, number>()

/** Notes from now on when each artifact becomes visible here. */
export async function watchCatalog(): Promise<void> {
  member().catalog.onChange(({ view }) => {
    if (!visibleSince.has(view.name)) visibleSince.set(view.name, sharedNow())
  })
}

export async function visibleEntries(): Promise<[name: string, atMs: number][]> {
  return [...visibleSince]
}

export async function visibleCount(): Promise<number> {
  return visibleSince.size
}

/** Publishes the records one by one, each at its time, the way the curator does. Answers when each publication was begun. */
export async function publishEntries(options: { records: string[]; firstAtMs: number; everyMs: number }) {
  const { catalog, replication } = member()
  const begun: [name: string, atMs: number][] = []
  const publications = options.records.map(async (encoded, i) => {
    const record = decodeRecord(fromHex(encoded))
    await sleep(options.firstAtMs + i * options.everyMs - sharedNow())
    begun.push([readEntry(record).name, sharedNow()])
    await catalog.offer(record, { sync: true })
    await replication.publish('catalog', record)
  })
  await Promise.all(publications)
  return begun
}

/** Connects and takes over what the neighbour knows. */
export async function syncWith({ address, peerId }: { address: string; peerId: string }) {
  const { host, replication, catalog } = member()
  const startedAt = performance.now()
  await host.connect(address)
  await replication.sync(peerId)
  return { ms: performance.now() - startedAt, artifacts: [...catalog.artifacts()].length }
}
