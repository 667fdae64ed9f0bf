import { open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isHex, syncFolder } from '#node/kit'
import { Bitfield, type Sha256Hex } from '#swarm/chunk'
import { manifestOfFile } from './ingest.ts'
import type { Parts } from './parts.ts'
import type { BlobRow } from './rows.ts'
import { stampOfOpenFile } from './stamp.ts'

/*
 * What a start finds, and what it does. Nothing that a row vouches for is deleted, and nothing is trusted that was not verified.
 *
 *   row       blobs/  partial/
 *   complete  yes     no        as it should be
 *   complete  yes     yes       the partial file goes
 *   complete  no      any       the row becomes partial with nothing held (or with what the partial file verifies)
 *   partial   no      yes       as it should be
 *   partial   no      no        nothing written yet, or the file was lost: nothing held
 *   partial   yes     no        stopped while it moved: all held means forwards, else back
 *   partial   yes     yes       the blob file is an orphan, the partial one goes on
 *   removing  any     any       both files go, then the row
 *   none      yes     any       an orphan: hashed in the background, then it gets a row, or goes when it is not what its name says
 *   none      no      yes       goes; without a row nothing vouches for any byte of it
 *
 * Leftovers of ingests and of files on their way out go as well.
 */

/** Answers the orphans. */
export async function reconcile(parts: Parts): Promise<Sha256Hex[]> {
  const { index, places } = parts
  for (const path of await index.temporaries()) {
    await rm(path, { force: true })
    await index.forgetTemporary(path)
  }
  const partials = new Set(await readdir(places.partial))
  for (const name of partials) {
    if (isHex(name, 32)) continue
    await rm(join(places.partial, name), { force: true, recursive: true })
    partials.delete(name)
  }
  const files = await blobFiles(parts)
  for await (const row of index.rows()) {
    await settleRow(parts, row, files, partials)
    partials.delete(row.sha)
  }
  for (const name of partials) await rm(places.partialOf(name), { force: true })
  return [...files]
}

/** Takes what is settled out of `files`; what stays is an orphan. */
async function settleRow(parts: Parts, row: BlobRow, files: Set<string>, partials: ReadonlySet<string>): Promise<void> {
  const { index, places, log } = parts
  const { sha } = row
  const hasBlob = files.has(sha)
  const hasPartial = partials.has(sha)
  if (row.state === 'removing') {
    await removeFiles(parts, row)
    await index.delete(row, await index.manifest(row.chunks))
    files.delete(sha)
    return
  }
  if (row.state === 'complete') {
    files.delete(sha)
    if (hasBlob && hasPartial) await rm(places.partialOf(sha), { force: true })
    if (hasBlob) return
    log.warn('blob-missing', { blob: sha }, `The file of blob ${sha} is gone; the blob has to be fetched again.`)
    const held = hasPartial ? Bitfield.full(row.chunkCount) : new Bitfield(row.chunkCount)
    await index.change(sha, now => ({ ...now, state: 'partial', stamp: null }), { held })
    return
  }
  if (hasPartial) return
  const held = await index.held(row)
  if (!hasBlob) {
    if (held.count === 0) return
    log.warn('partial-missing', { blob: sha }, `The partial file of blob ${sha} is gone; its chunks are fetched again.`)
    await index.change(sha, now => now, { held: new Bitfield(row.chunkCount) })
    return
  }
  files.delete(sha)
  if (held.isFull) {
    await index.change(sha, now => ({ ...now, state: 'complete', stamp: null }), { held: null })
    return
  }
  await rename(places.blob(sha), places.partialOf(sha))
  await syncFolder(dirname(places.blob(sha)))
  await syncFolder(places.partial)
}

/** Both files of a blob, durably. */
export async function removeFiles({ places }: Parts, row: BlobRow): Promise<void> {
  await rm(places.partialOf(row.sha), { force: true })
  await rm(places.blob(row.sha), { force: true })
  await syncFolder(places.partial)
  await syncFolder(dirname(places.blob(row.sha))).catch(() => undefined)
}

async function blobFiles({ places }: Parts): Promise<Set<string>> {
  const found = new Set<string>()
  for (const folder of await readdir(places.blobs)) {
    if (!isHex(folder, 1)) continue
    for (const name of await readdir(join(places.blobs, folder))) {
      if (isHex(name, 32) && name.startsWith(folder)) found.add(name)
    }
  }
  return found
}

/** Gives a blob file without a row its row back, if it is what its name says. Call it with the blob's lock. */
export async function adoptOrphan(parts: Parts, sha: Sha256Hex, signal: AbortSignal): Promise<void> {
  const { index, places, log, clock, epoch } = parts
  const before = await index.row(sha)
  if (before?.state === 'complete') return
  const file = await open(places.blob(sha), 'r')
  try {
    const manifest = await manifestOfFile(parts, file, signal)
    if (manifest.blob !== sha) {
      log.warn(
        'orphan-dropped',
        { blob: sha },
        `A blob file without an index row is not what its name says and was removed.`,
      )
      await rm(places.blob(sha), { force: true })
      return
    }
    await file.sync()
    const now = clock.now()
    const row: BlobRow = {
      sha,
      sizeBytes: manifest.sizeBytes,
      chunks: manifest.hash,
      chunkCount: manifest.chunks.length,
      state: 'complete',
      addedAt: now,
      usedAt: now,
      pins: before?.pins ?? [],
      stamp: stampOfOpenFile(file.fd, epoch),
    }
    await index.add(row, manifest)
    await rm(places.partialOf(sha), { force: true })
    log.info('orphan-adopted', { blob: sha, sizeBytes: row.sizeBytes })
    parts.changed({ type: 'complete', sha })
  } finally {
    await file.close()
  }
}
