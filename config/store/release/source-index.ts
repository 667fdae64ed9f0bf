import { join } from 'node:path'
import { isHex, writeFileAtomic } from '#node/kit'
import { pathProblem } from './file-names.ts'
import { TREE_LIMITS } from './limits.ts'
import type { ReleasePlaces } from './places.ts'
import type { ReleaseHash } from './release-hash.ts'
import { readSmallFile } from './small-file.ts'

/**
 * SHA-256 of each source file, by path, as it was when a release was made of the tree. A released file is not its source (comments are
 * stripped, unused files left out), so this is what tells which sources changed since. Only a hint: without it all did.
 */
export type SourceIndex = ReadonlyMap<string, string>

const HEADER = 'vigo/sources/1'

/** A path has at most 4096 bytes on Linux. */
const MAX_BYTES = TREE_LIMITS.maxFiles * 256 + 64 * 1024

export function sourceIndexFile(places: ReleasePlaces, hash: ReleaseHash): string {
  return join(places.releases, `${hash}.sources`)
}

export async function writeSourceIndex(places: ReleasePlaces, hash: ReleaseHash, index: SourceIndex): Promise<void> {
  const lines = [HEADER, ...[...index].map(([path, sha256]) => `${sha256} ${path}`), '']
  await writeFileAtomic(sourceIndexFile(places, hash), lines.join('\n'), { mode: 0o640, durable: false })
}

/** Empty when there is none, or when it is not what `writeSourceIndex` makes. */
export async function readSourceIndex(places: ReleasePlaces, hash: ReleaseHash): Promise<SourceIndex> {
  const text = (await readSmallFile(sourceIndexFile(places, hash), MAX_BYTES)) ?? ''
  const [header, ...lines] = text.split('\n')
  if (header !== HEADER || lines.pop() !== '') return new Map()
  const index = new Map<string, string>()
  for (const line of lines) {
    const sha256 = line.slice(0, 64)
    const path = line.slice(65)
    if (!isHex(sha256, 32) || line[64] !== ' ' || pathProblem(path) !== undefined) return new Map()
    index.set(path, sha256)
  }
  return index
}
