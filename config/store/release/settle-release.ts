import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, syncFolder } from '#node/kit'
import { releaseFolder } from './live.ts'
import { type ReleasePlaces, STAGING_PREFIX, TRASH_PREFIX } from './places.ts'
import { readTree } from './read-tree.ts'
import { type ReleaseHash, releaseHash } from './release-hash.ts'
import { rewriteTree } from './rewrite-tree.ts'
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
  const staging = (await reuseSpare(places, files, options)) ?? (await stage(places, files, options))
  if (present !== null) await discard(places, hash)
  await rename(staging, releaseFolder(places, hash))
  await syncFolder(places.releases)
}

/** Writes the tree beside the releases, as one of them will be. */
export async function stage(places: ReleasePlaces, files: readonly TreeFile[], options: Options): Promise<string> {
  const staging = stagingFolder(places)
  try {
    await writeTree(staging, files, options)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    throw error
  }
  return staging
}

/** The same, of a release that is no longer kept, which has most of it. Null when there is none that is good for it. */
async function reuseSpare(places: ReleasePlaces, files: readonly TreeFile[], options: Options): Promise<string | null> {
  if (!existsSync(places.spare)) return null
  const staging = stagingFolder(places)
  await rename(places.spare, staging)
  const isDone = await rewriteTree(staging, files, options).catch(() => false)
  if (isDone) return staging
  await rm(staging, { recursive: true, force: true })
  options.signal?.throwIfAborted()
  return null
}

/** Takes a release away as a whole. One such folder is left for the next release to be made of. */
export async function retire(places: ReleasePlaces, hash: ReleaseHash): Promise<void> {
  if (existsSync(places.spare)) await discard(places, hash)
  else await rename(releaseFolder(places, hash), places.spare)
}

function stagingFolder(places: ReleasePlaces): string {
  return join(places.releases, `${STAGING_PREFIX}${randomBytes(6).toString('hex')}`)
}

/** Takes a release away: its name goes at once, so that a part of it is never taken for the whole. */
export async function discard(places: ReleasePlaces, hash: ReleaseHash): Promise<void> {
  const trash = join(places.releases, `${TRASH_PREFIX}${randomBytes(6).toString('hex')}`)
  await rename(releaseFolder(places, hash), trash)
  await rm(trash, { recursive: true, force: true })
}
