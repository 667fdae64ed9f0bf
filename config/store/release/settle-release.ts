import { randomBytes } from 'node:crypto'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, syncFolder } from '#node/kit'
import { releaseFolder } from './live.ts'
import { type ReleasePlaces, STAGING_PREFIX, TRASH_PREFIX } from './places.ts'
import { readTree } from './read-tree.ts'
import { type ReleaseHash, releaseHash } from './release-hash.ts'
import type { Tree, TreeFile } from './tree.ts'
import { writeTree } from './write-tree.ts'

type Options = { signal?: AbortSignal | undefined }

/** The tree of a release, null when it is not there. */
export async function readReleaseTree(
  places: ReleasePlaces,
  hash: ReleaseHash,
  options: Options,
): Promise<Tree | null> {
  try {
    return await readTree(releaseFolder(places, hash), options)
  } catch (error) {
    if (codeOf(error) === 'no-folder') return null
    throw error
  }
}

export function isIntact(hash: ReleaseHash, tree: Tree): boolean {
  return tree.problems.length === 0 && releaseHash(tree.files) === hash
}

/**
 * Makes `releases/<hash>` hold these files, which have this hash. Written beside and renamed, so that it is whole or absent. For a
 * release that is not live: one that is there but damaged is put away first.
 */
export async function settleRelease(
  places: ReleasePlaces,
  hash: ReleaseHash,
  files: readonly TreeFile[],
  options: Options,
): Promise<void> {
  const present = await readReleaseTree(places, hash, options)
  if (present !== null && isIntact(hash, present)) return
  const staging = await stage(places, files, options)
  if (present !== null) await discard(places, hash)
  await rename(staging, releaseFolder(places, hash))
  await syncFolder(places.releases)
}

/** Writes the tree beside the releases, as one of them will be. */
export async function stage(places: ReleasePlaces, files: readonly TreeFile[], options: Options): Promise<string> {
  const staging = join(places.releases, `${STAGING_PREFIX}${randomBytes(6).toString('hex')}`)
  try {
    await writeTree(staging, files, options)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    throw error
  }
  return staging
}

/** Takes a release away: its name goes at once, so that a part of it is never taken for the whole. */
export async function discard(places: ReleasePlaces, hash: ReleaseHash): Promise<void> {
  const trash = join(places.releases, `${TRASH_PREFIX}${randomBytes(6).toString('hex')}`)
  await rename(releaseFolder(places, hash), trash)
  await rm(trash, { recursive: true, force: true })
}
