import { codeOf } from '#node/kit'
import { releaseFolder } from './live.ts'
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

/** The tree of a release, null when it is not there. */
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
