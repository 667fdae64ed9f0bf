import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '#node/kit'
import type { Manifest, Sha256Hex } from '#swarm/chunk'
import { StoreError } from './errors.ts'
import { type Ingested, ingestToFile } from './ingest.ts'
import type { OpenBlob } from './open-blob.ts'
import type { OpenBlobs } from './open-blobs.ts'
import type { Parts } from './parts.ts'
import { removeFiles } from './reconcile.ts'
import { type BlobRow, withPin } from './rows.ts'
import { sameStamp, stampOfPath } from './stamp.ts'
import type { BlobDescriptor, IngestOptions } from './types.ts'
import type { UseTimes } from './use-times.ts'

/** How blobs come into the file store: as one stream of unknown content, or chunk by chunk as a manifest says. */
export class Intake {
  readonly #parts: Parts
  readonly #open: OpenBlobs
  readonly #uses: UseTimes

  constructor(parts: Parts, open: OpenBlobs, uses: UseTimes) {
    this.#parts = parts
    this.#open = open
    this.#uses = uses
  }

  async ingest(source: AsyncIterable<Uint8Array>, options: IngestOptions): Promise<BlobDescriptor> {
    const ingested = await ingestToFile(this.#parts, source, options)
    const { blob, sizeBytes, hash } = ingested.manifest
    await this.#parts.locks.run(blob, () => this.#keep(ingested, options.pin))
    return { sha: blob, sizeBytes, chunks: hash }
  }

  /** Takes a reference to the blob that the manifest describes, begun when it is new, with space for what it lacks. */
  begin(manifest: Manifest): Promise<OpenBlob> {
    return this.#parts.locks.run(manifest.blob, async () => {
      let row = await this.#row(manifest.blob)
      if (row?.state === 'partial' && row.chunks !== manifest.hash) row = await this.#dropOther(row, manifest)
      if (row === null) await this.#parts.index.add(this.#newRow(manifest), manifest)
      const blob = await this.#open.take(manifest.blob, manifest)
      if (!blob.isComplete) await this.#reserve(blob, row === null)
      return blob
    })
  }

  /** Moves what was ingested to its place, unless the blob is there already. */
  async #keep({ manifest, path }: Ingested, pin: string | undefined): Promise<void> {
    const { index, places, epoch, changed } = this.#parts
    const sha = manifest.blob
    const target = places.blob(sha)
    try {
      const before = await this.#row(sha)
      const open = this.#open.get(sha)
      if (before?.state === 'complete' && (open?.isComplete || (await this.#isUntouched(before)))) {
        if (pin !== undefined) await index.change(sha, row => withPin(row, pin))
        this.#uses.touch(sha)
        return
      }
      await places.createBlobFolder(sha)
      await rename(path, target)
      await syncFolder(dirname(target))
      const fresh = { ...this.#newRow(manifest), pins: before?.pins ?? [] }
      const row: BlobRow = { ...fresh, state: 'complete', stamp: await stampOfPath(target, epoch) }
      await index.add(pin === undefined ? row : withPin(row, pin), manifest)
      await open?.replacedBy(row, target)
      await rm(places.partialOf(sha), { force: true })
      changed({ type: 'complete', sha })
    } finally {
      await rm(path, { force: true })
      await syncFolder(places.partial)
    }
  }

  async #isUntouched(row: BlobRow): Promise<boolean> {
    const stamp = await stampOfPath(this.#parts.places.blob(row.sha), this.#parts.epoch).catch(() => null)
    return stamp !== null && sameStamp(row.stamp, stamp)
  }

  /** A partial blob with other chunks starts anew with these; its pins stay. */
  async #dropOther(row: BlobRow, manifest: Manifest): Promise<BlobRow> {
    if (this.#open.has(row.sha)) {
      throw new StoreError(
        'mismatch',
        `blob ${row.sha} is being fetched with chunk manifest ${row.chunks}, not ${manifest.hash}; try again when that has ended`,
      )
    }
    const { index, places } = this.#parts
    await rm(places.partialOf(row.sha), { force: true })
    await index.delete(row, await index.manifest(row.chunks))
    const fresh = { ...this.#newRow(manifest), pins: row.pins }
    await index.add(fresh, manifest)
    return fresh
  }

  /** One that was begun in vain leaves nothing behind. */
  async #reserve(blob: OpenBlob, isNew: boolean): Promise<void> {
    try {
      await this.#parts.space.reserve(blob, blob.row.sizeBytes - blob.bytesHeld)
    } catch (error) {
      await this.#open.giveBack(blob)
      if (isNew) {
        await removeFiles(this.#parts, blob.row)
        await this.#parts.index.delete(blob.row, blob.manifest)
      }
      throw error
    }
  }

  /** Null also for a blob that is on its way out. */
  async #row(sha: Sha256Hex): Promise<BlobRow | null> {
    const row = await this.#parts.index.row(sha)
    return row?.state === 'removing' ? null : row
  }

  #newRow(manifest: Manifest): BlobRow {
    const now = this.#parts.clock.now()
    return {
      sha: manifest.blob,
      sizeBytes: manifest.sizeBytes,
      chunks: manifest.hash,
      chunkCount: manifest.chunks.length,
      state: 'partial',
      addedAt: now,
      usedAt: now,
      pins: [],
      stamp: null,
    }
  }
}
