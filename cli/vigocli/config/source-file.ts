import { join } from 'node:path'
import type { SourceFile } from '#config/lang'
import { pathProblem, ReleaseError, readTree, type TreeFile } from '#config/store'

export function sourceOf({ path, bytes }: TreeFile): SourceFile {
  return { path, text: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') }
}

/** One file of a tree by its path in it. @throws ReleaseError 'no-folder' */
export async function readSource(folder: string, path: string, signal: AbortSignal): Promise<SourceFile> {
  const tree = await readTree(folder, { signal })
  const file = tree.files.find(each => each.path === path)
  if (file !== undefined) return sourceOf(file)
  const problem = tree.problems.find(({ span }) => span.file.path === path)
  const why = problem?.message ?? pathProblem(path) ?? 'it is not there'
  throw new ReleaseError('no-folder', `${join(folder, path)} cannot be read: ${why}`)
}
