import { readTree, type TreeFile } from '#config/store'
import type { TreeChecker } from './checker.ts'
import { releaseTreeOf } from './release-tree.ts'
import { sourceTreeOf, withTexts } from './source-tree.ts'

const NOTHING_LIVE = new Map<string, string>()

/**
 * What a publish of a folder would make live: repaired, without what nothing refers to, crates without comments. Of a tree with errors it
 * is what would be there if they were none. Nothing is written. @throws ReleaseError 'no-folder', 'no-permission'
 */
export async function candidateTree(
  folder: string,
  options: { checker: TreeChecker; noPrune?: boolean; signal?: AbortSignal | undefined },
): Promise<readonly TreeFile[]> {
  const { checker, noPrune = false, signal } = options
  const read = sourceTreeOf((await readTree(folder, { signal })).files, NOTHING_LIVE)
  const { edits } = await checker.repair(read.files, { changed: read.changed, signal })
  const repaired = withTexts(read, edits, NOTHING_LIVE)
  const verdict = await checker.check(repaired.files, { changed: repaired.changed, signal })
  return releaseTreeOf(repaired, verdict, [], { noPrune }).files
}
