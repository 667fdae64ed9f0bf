import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, syncFolder } from '#node/kit'
import { Bitfield, type Sha256Hex } from '#swarm/chunk'
import { notFound } from './errors.ts'
import type { Parts } from './parts.ts'
import type { Places } from './places.ts'
import type { BlobRow } from './rows.ts'

/** Created when missing. */
export async function openPartialFile(places: Places, sha: Sha256Hex): Promise<FileHandle> {
  const file = await open(places.partialOf(sha), constants.O_RDWR | constants.O_CREAT, 0o644)
  try {
    await syncFolder(places.partial)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** @throws StoreError 'not-found' when it is gone; the row is then partial, with nothing held */
export async function openCompleteFile({ places, index, log }: Parts, row: BlobRow): Promise<FileHandle> {
  try {
    return await open(places.blob(row.sha), 'r')
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    log.warn(
      'blob-missing',
      { blob: row.sha },
      `The file of blob ${row.sha} is gone; the blob has to be fetched again.`,
    )
    const held = new Bitfield(row.chunkCount)
    await index.change(row.sha, now => ({ ...now, state: 'partial', stamp: null }), { held })
    throw notFound(row.sha)
  }
}

/** The finished partial file to its place, durably. */
export async function moveToBlobs(places: Places, sha: Sha256Hex): Promise<void> {
  await places.createBlobFolder(sha)
  await rename(places.partialOf(sha), places.blob(sha))
  await syncBoth(places, sha)
}

/**
 * A spoilt file back to the partial folder, where it can be mended. One that has another hard link, which may be in use, is copied, so
 * that the linked file stays as it is. `record` runs when a crash afterwards can only lead forwards.
 */
export async function moveToPartial(
  places: Places,
  sha: Sha256Hex,
  isLinked: boolean,
  record: () => Promise<void>,
): Promise<void> {
  const path = places.blob(sha)
  if (isLinked) await copyAside(path, places.newIngest(), places.partialOf(sha)).catch(ignoreMissing)
  await record()
  if (isLinked) await rm(path, { force: true })
  else await rename(path, places.partialOf(sha)).catch(ignoreMissing)
  await syncBoth(places, sha)
}

async function copyAside(from: string, temporary: string, to: string): Promise<void> {
  await copyFile(from, temporary, constants.COPYFILE_FICLONE)
  await rename(temporary, to)
}

async function syncBoth(places: Places, sha: Sha256Hex): Promise<void> {
  await syncFolder(dirname(places.blob(sha)))
  await syncFolder(places.partial)
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}
