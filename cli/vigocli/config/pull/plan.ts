import { comparePaths, type TreeFile } from '#config/store'

/** SHA-256 of each file, by path. */
export type Hashes = ReadonlyMap<string, string>

/** What a pull does with files that are not as they are published. Paths are sorted. */
export interface PullPlan {
  /** Not here, or as they were at the base: they become what is published. */
  readonly take: readonly TreeFile[]
  /** As they were at the base, and published no more. */
  readonly remove: readonly string[]
  /** Changed here only. */
  readonly keep: readonly string[]
  /** Changed here and elsewhere; `published` is null where others removed the file. */
  readonly conflicts: readonly { readonly path: string; readonly published: TreeFile | null }[]
}

/**
 * File by file. Without a base nobody knows who changed what: then nothing that is here is touched.
 *
 * @param base what the tree here was last equal to
 */
export function planPull(here: Hashes, published: readonly TreeFile[], base: Hashes | null): PullPlan {
  const plan = { take: [] as TreeFile[], remove: [] as string[], keep: [] as string[], conflicts: [] as Conflict[] }
  const files = new Map(published.map(file => [file.path, file]))
  for (const path of [...new Set([...here.keys(), ...files.keys()])].toSorted(comparePaths)) {
    const [mine, file, was] = [here.get(path), files.get(path), base?.get(path)]
    if (mine === file?.sha256) continue
    const isChangedHere = base === null ? mine !== undefined : mine !== was
    const isChangedThere = base === null ? file !== undefined : file?.sha256 !== was
    if (isChangedHere && isChangedThere) plan.conflicts.push({ path, published: file ?? null })
    else if (isChangedHere) plan.keep.push(path)
    else if (file === undefined) plan.remove.push(path)
    else plan.take.push(file)
  }
  return plan
}

type Conflict = PullPlan['conflicts'][number]

export function isNothing({ take, remove, conflicts }: PullPlan): boolean {
  return take.length + remove.length + conflicts.length === 0
}
