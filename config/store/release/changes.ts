import { comparePaths, type FileEntry } from './tree.ts'

/** Paths, sorted. */
export interface Changes {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

export function changesBetween(before: readonly FileEntry[], after: readonly FileEntry[]): Changes {
  const old = new Map(before.map(({ path, sha256 }) => [path, sha256]))
  const added: string[] = []
  const changed: string[] = []
  for (const { path, sha256 } of after) {
    const was = old.get(path)
    if (was === undefined) added.push(path)
    else if (was !== sha256) changed.push(path)
    old.delete(path)
  }
  const sorted = (paths: Iterable<string>): string[] => [...paths].toSorted(comparePaths)
  return { added: sorted(added), changed: sorted(changed), removed: sorted(old.keys()) }
}

export function isUnchanged({ added, changed, removed }: Changes): boolean {
  return added.length + changed.length + removed.length === 0
}
