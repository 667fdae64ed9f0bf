import { isHex, sha256Hex } from '#node/kit'
import { comparePaths, type TreeFile } from './tree.ts'

/** Lower-case hex of 32 bytes. */
export type ReleaseHash = string

/** Of every folder of a release: the group reads, others do nothing. */
export const RELEASE_FOLDER_MODE = 0o750

/** Of every file of a release, whatever its source has: nothing is run from a release. */
export const RELEASE_FILE_MODE = 0o640

const HEADER = 'vigo/release/1\n'

/** The name of a release: SHA-256 of its canonical list, see docs/formats/releases.md. Does not depend on the order of `files`. */
export function releaseHash(files: readonly Pick<TreeFile, 'path' | 'sha256'>[]): ReleaseHash {
  const mode = `0${RELEASE_FILE_MODE.toString(8)}`
  const sorted = files.toSorted((a, b) => comparePaths(a.path, b.path))
  return sha256Hex(HEADER + sorted.map(({ path, sha256 }) => `${mode} ${sha256} ${path}\n`).join(''))
}

export function isReleaseHash(text: unknown): text is ReleaseHash {
  return isHex(text, 32)
}

/** For people. */
export function shortHash(hash: ReleaseHash): string {
  return hash.slice(0, 12)
}
