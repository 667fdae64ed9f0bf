/** What a tree may be. Every limit has a message of its own. */
export interface TreeLimits {
  readonly maxFileBytes: number
  readonly maxFiles: number
  /** Folders between the tree and a file. */
  readonly maxDepth: number
  readonly maxTotalBytes: number
  /** Directory entries that are looked at, whatever they are. */
  readonly maxEntries: number
}

/** A crate of 1 MiB is 500 times the usual one; 512 MiB of text is what a server can still hold in memory. */
export const TREE_LIMITS: TreeLimits = {
  maxFileBytes: 2 ** 20,
  maxFiles: 100_000,
  maxDepth: 32,
  maxTotalBytes: 512 * 2 ** 20,
  maxEntries: 1_000_000,
}
