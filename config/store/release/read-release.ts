import { existsSync } from 'node:fs'
import { codeOf } from '#node/kit'
import type { Archive } from './archive.ts'
import { readLive, releaseFolder } from './live.ts'
import type { ReleasePlaces } from './places.ts'
import { readTree } from './read-tree.ts'
import { type ReleaseHash, releaseHash } from './release-hash.ts'
import { readStamps, stampsOfRelease } from './stamps-file.ts'
import type { Tree } from './tree.ts'

export interface ReadReleaseOptions {
  readonly signal?: AbortSignal | undefined
  /** Files with the stamps that they were published with are not read before somebody asks for their bytes. */
  readonly isSkimmed?: boolean
}

/** The tree of a release, of the live one from its folder, as it is there; null when it is not here. @throws as `Archive.tree` */
export async function readKeptTree(
  places: ReleasePlaces,
  archive: Archive,
  hash: ReleaseHash,
  options: ReadReleaseOptions,
): Promise<Tree | null> {
  const tree = await readReleaseTree(places, hash, options)
  // Who publishes may have taken the folder for the next release while it was read.
  if (tree !== null && existsSync(releaseFolder(places, hash))) return tree
  return (await readLive(places)) === hash ? null : await archive.tree(hash, options)
}

/** What is in the folder of a release, null when there is none. */
export async function readReleaseTree(
  places: ReleasePlaces,
  hash: ReleaseHash,
  { signal, isSkimmed = false }: ReadReleaseOptions,
): Promise<Tree | null> {
  try {
    const stamps = isSkimmed ? await readStamps(stampsOfRelease(places, hash)) : undefined
    return await readTree(releaseFolder(places, hash), { signal, stamps })
  } catch (error) {
    if (codeOf(error) === 'no-folder') return null
    throw error
  }
}

export function isIntact(hash: ReleaseHash, tree: Tree): boolean {
  return tree.problems.length === 0 && releaseHash(tree.files) === hash
}
