import type { Diagnostic } from '#config/lang'
import { comparePaths, type ReleaseCounts, readTree, type TreeLimits } from '#config/store'
import type { TreeChecker } from './checker.ts'
import { placeInSources } from './place-in-source.ts'
import { Report } from './report.ts'
import { byPath, sourceTreeOf, withTexts } from './source-tree.ts'

/** What a publish of a folder would say of it, whatever is live. */
export interface FolderVerdict {
  /** Errors and warnings, at places of the files as they are. */
  readonly diagnostics: readonly Diagnostic[]
  readonly diagnosticsLeftOut: number
  readonly counts: ReleaseCounts
  readonly hasErrors: boolean
  /** Files that a publish would repair first, by path. */
  readonly unformatted: readonly string[]
}

const NOTHING_LIVE = new Map<string, string>()

/** Steps 1 and 3 of a publish; nothing is written, and URLs are not asked. @throws ReleaseError 'no-folder', 'no-permission' */
export async function validateFolder(
  folder: string,
  options: { checker: TreeChecker; limits?: Partial<TreeLimits>; signal?: AbortSignal | undefined },
): Promise<FolderVerdict> {
  const { checker, signal } = options
  const report = new Report()
  const tree = await readTree(folder, options)
  report.add(tree.problems)
  report.leftOut += tree.problemsLeftOut
  const read = sourceTreeOf(tree.files, NOTHING_LIVE)
  const { edits, diagnostics } = await checker.repair(read.files, { changed: read.changed, signal })
  report.add(diagnostics)
  if (tree.isWhole) {
    const repaired = withTexts(read, edits, NOTHING_LIVE)
    const verdict = await checker.check(repaired.files, { changed: repaired.changed, signal })
    report.counts = verdict.counts
    report.add(placeInSources(verdict.diagnostics, byPath(read.files)))
  }
  const { diagnostics: all, diagnosticsLeftOut, counts } = report.finished(true)
  const unformatted = [...edits.keys()].toSorted(comparePaths)
  return { diagnostics: all, diagnosticsLeftOut, counts, hasErrors: report.hasErrors, unformatted }
}
