import type { Diagnostic } from '#config/lang'

/** A file of a tree. Its mode is not its own: every file of a release has the same. */
export interface TreeFile {
  /** Relative to the tree, with `/`; safe as a path below any folder. */
  readonly path: string
  readonly bytes: Uint8Array
  /** Of the bytes, lower-case hex. */
  readonly sha256: string
}

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
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** UTF-16 puts the halves of characters beyond U+FFFF before U+E000; UTF-8 puts those characters last. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
