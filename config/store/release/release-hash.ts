import { isHex, sha256Hex } from '#node/kit'
import { comparePaths, type FileEntry } from './tree.ts'

/** Lower-case hex of 32 bytes. */
export type ReleaseHash = string

/** Of every folder of a release: the group reads, others do nothing. */
export const RELEASE_FOLDER_MODE = 0o750

/** Of every file of a release, whatever its source has: nothing is run from a release. */
export const RELEASE_FILE_MODE = 0o640

const HEADER = 'vigo/release/1\n'

/** The name of a release: SHA-256 of its list. Does not depend on the order of `files`. */
export function releaseHash(files: readonly FileEntry[]): ReleaseHash {
  return sha256Hex(releaseList(files))
}

/** Its files in canonical form, see docs/formats/releases.md. */
export function releaseList(files: readonly FileEntry[]): string {
  const mode = `0${RELEASE_FILE_MODE.toString(8)}`
  const sorted = files.toSorted((a, b) => comparePaths(a.path, b.path))
  return HEADER + sorted.map(({ path, sha256 }) => `${mode} ${sha256} ${path}\n`).join('')
}

/** What `releaseList` made the list of. */
export function listedFiles(list: string): FileEntry[] {
  const lines = list.slice(HEADER.length).split('\n')
  return lines.slice(0, -1).map(line => ({ sha256: line.slice(5, 69), path: line.slice(70) }))
}

export function isReleaseHash(text: unknown): text is ReleaseHash {
  return isHex(text, 32)
}

/** For people. */
export function shortHash(hash: ReleaseHash): string {
  return hash.slice(0, 12)
}
