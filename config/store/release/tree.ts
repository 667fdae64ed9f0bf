import type { Diagnostic } from '#config/lang'
import type { Stamp } from './stamp.ts'

/** A file of a tree. Its mode is not its own: every file of a release has the same. */
export interface TreeFile {
  /** Relative to the tree, with `/`; safe as a path below any folder. */
  readonly path: string
  /** Where the file was known without being read, they are read when they are asked for. @throws ReleaseError 'changed-meanwhile' */
  readonly bytes: Uint8Array
  /** Of the bytes, lower-case hex. */
  readonly sha256: string
  /** As it was just before it was read, where it was asked for. */
  readonly stamp?: Stamp | undefined
}

/** A file without its content. */
export type FileEntry = Omit<TreeFile, 'bytes'>

export interface Tree {
  /** Sorted by the bytes of their paths. */
  readonly files: readonly TreeFile[]
  /** Everything that keeps it from being published; files with a problem are not in `files`. */
  readonly problems: readonly Diagnostic[]
  /** How many problems there were beyond those. */
  readonly problemsLeftOut: number
  /** False when reading ended at a limit of the whole tree, so that files are missing without a problem of their own. */
  readonly isWhole: boolean
  /** How many files and folders are below it, also those that are invisible. */
  readonly entries: number
  /** Paths of what a killed writer left behind, relative to the tree. */
  readonly leftovers: readonly string[]
}

/** Order of the UTF-8 bytes of two paths, which is the order of their code points. */
export function comparePaths(a: string, b: string): number {
  if (!HALF.test(a) && !HALF.test(b)) return a < b ? -1 : a === b ? 0 : 1
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

const HALF = /[\ud800-\udfff]/

/** UTF-16 puts the halves of characters beyond U+FFFF before U+E000; UTF-8 puts those characters last. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
