import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { messageOf, syncFolder } from '#node/kit'
import { changesBetween } from './changes.ts'
import { ReleaseError } from './errors.ts'
import { releaseFolder } from './live.ts'
import type { ReleasePlaces } from './places.ts'
import { isIntact, readReleaseTree } from './read-release.ts'
import { RELEASE_FOLDER_MODE, type ReleaseHash, shortHash } from './release-hash.ts'
import { stage } from './stage.ts'
import type { Tree, TreeFile } from './tree.ts'

/**
 * Gives the live release back the files that it was published with, after somebody changed them by hand. File by file, each as one
 * step, because the folder's name is taken. Answers the paths that differed.
 *
 * @throws ReleaseError 'damaged' when something is in the way
 */
export async function mendRelease(
  places: ReleasePlaces,
  hash: ReleaseHash,
  files: readonly TreeFile[],
  present: Tree,
  options: { signal?: AbortSignal | undefined },
): Promise<string[]> {
  const folder = releaseFolder(places, hash)
  const { added, changed, removed } = changesBetween(present.files, files)
  const wrong = [...added, ...changed]
  const [staging] = await stage(places, files, options)
  try {
    for (const path of removed) await rm(join(folder, path), { force: true })
    for (const path of wrong) {
      const target = join(folder, path)
      await mkdir(dirname(target), { recursive: true, mode: RELEASE_FOLDER_MODE })
      await rename(join(staging, path), target)
      await syncFolder(dirname(target))
    }
  } catch (error) {
    throw damaged(folder, hash, messageOf(error), error)
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  const mended = await readReleaseTree(places, hash, options)
  if (mended === null || !isIntact(hash, mended)) {
    throw damaged(folder, hash, mended?.problems[0]?.message ?? 'its files differ', undefined)
  }
  return [...wrong, ...removed]
}

export function damaged(folder: string, hash: ReleaseHash, what: string, cause: unknown): ReleaseError {
  return new ReleaseError(
    'damaged',
    `release ${shortHash(hash)} is not what was published: ${what}. Remove what does not belong into ${folder}, or publish another tree`,
    { cause, context: { release: hash } },
  )
}
