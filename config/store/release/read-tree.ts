import { realpathSync, type Stats, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { codeOf } from '#node/kit'
import { ReleaseError, releaseFault } from './errors.ts'
import { TREE_LIMITS, type TreeLimits } from './limits.ts'
import { hasStamps } from './stamp.ts'
import type { Stamps } from './stamps-file.ts'
import { comparePaths, type Tree } from './tree.ts'
import { TreeWalk } from './tree-walk.ts'

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
  readonly limits?: Partial<TreeLimits>
  /** Of each file; one of which it is false is a problem. */
  readonly isExpected?: (stat: Stats) => boolean
  /**
   * Of the same tree, from a reading before. Files get stamps, where they mean something, and those with the same one as here are not read
   * before somebody asks for their bytes.
   */
  readonly stamps?: Stamps | undefined
}

/**
 * Every `.vgo` and `.tmpl` file below `folder`, with all problems of the whole tree, not the first one. Other files, and everything
 * whose name begins with a dot, are invisible. What is read is what is published: what is looked at again later is what it was, or an error.
 *
 * `folder` itself may be a symbolic link; nothing in it is followed.
 *
 * @throws ReleaseError 'no-folder', 'no-permission'
 */
export async function readTree(folder: string, options: ReadOptions = {}): Promise<Tree> {
  const { limits, isExpected, signal } = options
  const root = rootOf(folder)
  const known = hasStamps(root) ? options.stamps : undefined
  const stamps = known && { known, device: statSync(root).dev }
  const walk = new TreeWalk(root, { limits: { ...TREE_LIMITS, ...limits }, isExpected, stamps })
  signal?.throwIfAborted()
  for (const _moment of walk.walk()) {
    await setImmediate()
    signal?.throwIfAborted()
  }
  return {
    files: walk.files.toSorted((a, b) => comparePaths(a.path, b.path)),
    problems: walk.problems,
    problemsLeftOut: walk.problemsLeftOut,
    isWhole: walk.isWhole,
    entries: walk.entries,
    leftovers: walk.leftovers,
  }
}

function rootOf(folder: string): string {
  try {
    const root = realpathSync(folder)
    if (statSync(root).isDirectory()) return root
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw releaseFault(error, `read ${folder}`)
    throw new ReleaseError(
      'no-folder',
      `the folder ${folder} does not exist; create it and put your .vgo files there, or name the folder where they are`,
      { context: { folder } },
    )
  }
  throw new ReleaseError('no-folder', `${folder} is not a folder; name the folder where your .vgo files are`, {
    context: { folder },
  })
}
