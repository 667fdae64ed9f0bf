import type { Diagnostic } from '#config/lang'
import type { TreeChecker } from '#config/publish'
import type { ReleaseCounts, TreeFile } from '#config/store'

/** The whole validation of files as servers read them. */
export async function checkedFiles(
  checker: TreeChecker,
  files: readonly TreeFile[],
  signal: AbortSignal,
): Promise<{ readonly errors: readonly Diagnostic[]; readonly counts: ReleaseCounts }> {
  const sources = files.map(({ path, bytes }) => ({ path, text: Buffer.from(bytes).toString('utf8') }))
  const changed = new Set(files.map(({ path }) => path))
  const { diagnostics, counts } = await checker.check(sources, { changed, signal })
  return { errors: diagnostics.filter(({ severity }) => severity === 'error'), counts }
}
