import { randomBytes } from 'node:crypto'
import {
  type Artifact,
  artifactId,
  type Catalog,
  CatalogError,
  type Change,
  draftEntry,
  type Entry,
  entryBody,
  findArtifact,
  type PlatformBlob,
  parseReference,
  readEntry,
  selectPlatform,
  selectVersion,
} from '#curator/catalog'
import { type Clock, formatSize, type Logger, toHex } from '#node/kit'
import type { Exchange, FetchProgress, FetchReport } from '#swarm/exchange'
import type { PuddleDirectory } from '#swarm/puddle'
import { type SignedRecord, toCanonical } from '#swarm/record'
import { parseTarget } from '#swarm/replica'
import { type BlobDescriptor, type BlobStore, StoreError } from '#swarm/store'
import { CuratorError } from './errors.ts'
import type { Shelf } from './shelf.ts'

/** What a reference came to: one blob of one version of one artifact. */
export interface Resolved {
  readonly artifact: string
  readonly name: string
  readonly namespace: string
  readonly version: string
  readonly tags: readonly string[]
  readonly blob: PlatformBlob
  /** Complete on this machine. */
  readonly local: boolean
}

export interface PullResult extends Resolved {
  readonly path: string
  readonly report: FetchReport
}

interface Lease {
  readonly sha: string
  /** The bytes came with this upload. */
  readonly isNew: boolean
  readonly timer: NodeJS.Timeout
}

/** Uploaded bytes that no entry names yet are kept this long. */
const LEASE_MS = 15 * 60_000

/** Publishing and fetching artifacts on one machine: the catalog, the store and the exchange put together. */
export class Curator {
  readonly #options: CuratorOptions
  readonly #leases = new Map<string, Lease>()

  constructor(options: CuratorOptions) {
    this.#options = options
  }

  /** Takes bytes in for a push; they stay for a quarter of an hour unless an entry names them. */
  async receive(
    source: AsyncIterable<Uint8Array>,
    options: { expectedBytes: number; signal?: AbortSignal },
  ): Promise<BlobDescriptor> {
    const { store, maxBytes, clock } = this.#options
    if (options.expectedBytes > maxBytes) {
      throw new CuratorError(
        'too-large',
        `the file has ${formatSize(options.expectedBytes)}, more than swarm.curator.max_bytes allows (${formatSize(maxBytes)}); raise it on this machine or publish less`,
      )
    }
    const lease = `lease:${toHex(randomBytes(8))}`
    const startedAt = clock.now()
    const blob = await store.ingest(source, { maxBytes, pin: lease, ...options })
    const isNew = ((await store.stat(blob.sha))?.addedAt ?? 0) >= startedAt
    const timer = setTimeout(() => void this.#giveUp(lease), LEASE_MS)
    timer.unref()
    this.#leases.set(lease, { sha: blob.sha, isNew, timer })
    return blob
  }

  /** Gives up bytes that were received and that no entry will name; what was here before them stays. */
  async discard(sha: string): Promise<void> {
    const lease = [...this.#leases].findLast(([, held]) => held.sha === sha)?.[0]
    if (lease !== undefined) await this.#giveUp(lease)
  }

  /** Frees the pins of uploads that ended with the process before. */
  async dropStaleLeases(): Promise<void> {
    for await (const blob of this.#options.store.list()) {
      for (const pin of blob.pins) if (pin.startsWith('lease:')) await this.#options.store.unpin(blob.sha, pin)
    }
  }

  /**
   * The canonical body of the entry that a change needs, for the puddle to sign.
   * `puddle` is the caller's key; the artifact may have been founded by one of its older keys.
   * @throws CatalogError
   */
  draft(request: { name: string; puddle: string; change: Change }): Uint8Array {
    const { catalog, directory, writer, clock } = this.#options
    const { name, puddle, change } = request
    const target = change.type === 'push' || change.type === 'set-target' ? change.target : null
    if (target !== null) requireTarget(target)
    const newest = directory.newestKey(puddle)
    if (newest !== puddle) {
      throw new CatalogError(
        'conflict',
        `the key ${puddle.slice(0, 12)}… was replaced by ${newest.slice(0, 12)}… in a rekey; run vigo swarm puddle leave --yes and join to have the new one here (or rekey again, if that was interrupted on this machine)`,
      )
    }
    const founders = [puddle, ...directory.olderKeys(puddle)]
    const founder = founders.find(key => catalog.get(artifactId(key, name)) !== undefined) ?? puddle
    const delegations = directory.chain(founder, puddle)
    if (delegations === null) {
      throw new CatalogError(
        'conflict',
        `no chain of rekey bridges from ${founder.slice(0, 12)} to ${puddle.slice(0, 12)} is known here`,
      )
    }
    const current = catalog.get(artifactId(founder, name))
    const entry = draftEntry(current, change, { name, founder, signer: puddle, delegations, writer, now: clock.now() })
    readEntry({ kind: 'catalog-entry', body: entryBody(entry) } as SignedRecord)
    return toCanonical(entryBody(entry))
  }

  /**
   * Takes a signed entry of a local user: verified like everybody's, and only if this machine holds the bytes that it adds.
   * Durable and on its way to the others when it resolves.
   */
  async submit(record: SignedRecord): Promise<Artifact> {
    const { catalog, store, logger } = this.#options
    const entry = readEntry(record)
    const id = artifactId(entry.founder, entry.name)
    const before = catalog.get(id)
    const added = addedBlobs(before, entry)
    for (const blob of added) {
      const stat = await store.stat(blob.blobSha)
      if (stat?.state !== 'complete' || stat.chunks !== blob.chunks || stat.sizeBytes !== blob.sizeBytes) {
        throw new CuratorError(
          'not-uploaded',
          `the bytes ${blob.blobSha.slice(0, 12)}… of '${entry.name}' are not on this machine; push again`,
        )
      }
      await store.pin(blob.blobSha, `published:${id}`)
    }
    const outcome = await catalog.offer(record, { sync: true })
    const artifact = catalog.get(id)
    if (outcome !== 'new' || artifact === undefined) {
      throw new CatalogError('changed', `'${entry.name}' was changed by somebody else meanwhile; try again`)
    }
    for (const [lease, { sha }] of this.#leases) {
      if (added.some(blob => blob.blobSha === sha)) await this.#endLease(lease)
    }
    await this.#options.announce(record)
    logger.info('published', { artifact: id, name: entry.name, seq: entry.seq, blobs: added.length })
    return artifact
  }

  find(reference: string, ownPuddle: string | null): Artifact {
    const { catalog, directory } = this.#options
    return findArtifact(parseReference(reference), { catalog, directory, ownPuddle })
  }

  async resolve(
    reference: string,
    platform: { os: string; arch: string },
    ownPuddle: string | null,
  ): Promise<Resolved> {
    const parsed = parseReference(reference)
    const artifact = findArtifact(parsed, { ...this.#options, ownPuddle })
    const version = selectVersion(artifact, parsed.selector)
    const blob = selectPlatform(artifact, version, platform.os, platform.arch)
    return {
      artifact: artifact.id,
      name: artifact.view.name,
      namespace: this.namespaceOf(artifact),
      version,
      tags: Object.entries(artifact.view.tags)
        .filter(([, at]) => at === version)
        .map(([tag]) => tag),
      blob,
      local: (await this.#options.store.stat(blob.blobSha))?.state === 'complete',
    }
  }

  /** Brings the bytes here if they are not, and puts them on the shelf. Needs no network for what is here. */
  async pull(
    reference: string,
    platform: { os: string; arch: string },
    options: { ownPuddle: string | null; signal?: AbortSignal; onProgress?: (progress: FetchProgress) => void },
  ): Promise<PullResult> {
    const { exchange, store, shelf, clock } = this.#options
    const resolved = await this.resolve(reference, platform, options.ownPuddle)
    const { artifact, name, version, blob } = resolved
    const descriptor = descriptorOf(blob)
    const path = shelf.path(artifact, name, version, blob)
    await shelf.prepare(path)
    const fetchOptions = {
      priority: 'pull' as const,
      signal: options.signal,
      ...(options.onProgress && { onProgress: options.onProgress }),
    }
    let report = await exchange.fetch(descriptor, fetchOptions)
    try {
      await store.materialise(blob.blobSha, path, { share: true, mode: 0o644 })
    } catch (error) {
      // The copy on this machine was damaged and is quarantined now: fetch what is missing of it.
      if (!(error instanceof StoreError) || error.code !== 'corrupt') throw error
      report = await exchange.fetch(descriptor, fetchOptions)
      await store.materialise(blob.blobSha, path, { share: true, mode: 0o644 })
    }
    const item = {
      artifact,
      name,
      version,
      platform: `${blob.os}-${blob.arch}`,
      blobSha: blob.blobSha,
      sizeBytes: blob.sizeBytes,
      path,
      pulledAt: clock.now(),
    }
    await shelf.record(item, resolved.tags)
    return { ...resolved, local: true, path, report }
  }

  /** How people name the publisher: its puddle name where it has one of its own, else the founder's key. */
  namespaceOf(artifact: Artifact): string {
    return this.#options.directory.nameOf(artifact.view.founder) ?? artifact.view.founder
  }

  /** Gives up what nothing refers to any more: pins of artifacts that were removed from the catalog. */
  async unpinRemoved(): Promise<void> {
    const { catalog, store } = this.#options
    const live = new Map<string, Set<string>>()
    for (const { id, view } of catalog.artifacts()) {
      const blobs = Object.values(view.versions).flatMap(platforms => platforms.map(platform => platform.blobSha))
      live.set(id, new Set(blobs))
    }
    for await (const blob of store.list()) {
      for (const pin of blob.pins) {
        const [reason, id = ''] = pin.split(':')
        if (reason === 'published' && live.get(id)?.has(blob.sha) !== true) await store.unpin(blob.sha, pin)
      }
    }
  }

  close(): void {
    for (const { timer } of this.#leases.values()) clearTimeout(timer)
    this.#leases.clear()
  }

  async #giveUp(lease: string): Promise<void> {
    const held = this.#leases.get(lease)
    await this.#endLease(lease)
    if (held?.isNew === true) await this.#options.store.remove(held.sha)
  }

  async #endLease(lease: string): Promise<void> {
    const held = this.#leases.get(lease)
    if (held === undefined) return
    clearTimeout(held.timer)
    this.#leases.delete(lease)
    await this.#options.store.unpin(held.sha, lease)
  }
}

export interface CuratorOptions {
  catalog: Catalog
  directory: PuddleDirectory
  store: BlobStore
  exchange: Exchange
  shelf: Shelf
  clock: Clock
  logger: Logger
  /** 16 hex digits that name this machine in entries' clocks. */
  writer: string
  /** `swarm.curator.max_bytes`. */
  maxBytes: number
  /** Gossips an accepted entry. */
  announce: (record: SignedRecord) => Promise<void>
}

export function descriptorOf(blob: PlatformBlob): BlobDescriptor {
  return { sha: blob.blobSha, sizeBytes: blob.sizeBytes, chunks: blob.chunks }
}

/** 16 hex digits for a machine's public key. */
export function writerOf(publicKey: Uint8Array): string {
  return toHex(publicKey.subarray(0, 8))
}

function addedBlobs(before: Artifact | undefined, entry: Entry): PlatformBlob[] {
  const known = new Set(
    Object.values(before?.view.versions ?? {}).flatMap(platforms => platforms.map(platform => platform.blobSha)),
  )
  return Object.values(entry.versions)
    .flat()
    .filter(blob => !known.has(blob.blobSha))
}

function requireTarget(target: string): void {
  try {
    parseTarget(target)
  } catch (error) {
    throw new CatalogError('usage', error instanceof Error ? error.message : String(error))
  }
}
