import { comparePaths, pathProblem, type TreeFile } from '#config/store'
import type { SnapshotFile } from '#node/api'
import { sha256Hex } from '#node/kit'
import { SpannerError } from './errors.ts'

/** Files of an upload as a tree has them. @throws SpannerError 'bad-snapshot' for what no tree could have */
export function receivedFiles(files: readonly SnapshotFile[], what: 'release' | 'stacks'): readonly TreeFile[] {
  const seen = new Set<string>()
  for (const { path, bytes } of files) {
    const problem =
      pathProblem(path) ?? (seen.has(path) ? 'is there twice' : isText(bytes) ? undefined : 'is not UTF-8')
    if (problem !== undefined) {
      throw new SpannerError('bad-snapshot', `'${path.slice(0, 200)}' of the ${what} ${problem}`)
    }
    seen.add(path)
  }
  return files
    .map(({ path, bytes }) => ({ path, bytes, sha256: sha256Hex(bytes) }))
    .toSorted((a, b) => comparePaths(a.path, b.path))
}

function isText(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
