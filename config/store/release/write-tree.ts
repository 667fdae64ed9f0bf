import { closeSync, fchmodSync, mkdirSync, openSync, writeFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { pathProblem } from './file-names.ts'
import { RELEASE_FILE_MODE, RELEASE_FOLDER_MODE } from './release-hash.ts'
import { syncAll } from './sync-all.ts'
import type { FileEntry, TreeFile } from './tree.ts'

/** Files between two moments at which others may run and the signal is looked at. */
const BREATH = 64

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * Writes a tree into new folders of one file system, each a copy with the modes of a release. Durable when it returns, except for the
 * folders' own names. Each file is written synchronously: it is small and goes to memory, and four hops through the thread pool would
 * cost more than that.
 */
export async function writeTrees(
  roots: readonly string[],
  files: readonly TreeFile[],
  options: WriteOptions = {},
): Promise<void> {
  assertSafe(files)
  const written: string[] = []
  for (const root of roots) {
    const folders = [root, ...foldersOf(files).map(path => join(root, path))]
    for (const path of folders) mkdirSync(path, { mode: 0o700 })
    await inTurns(files, ({ path, bytes }) => writeReleaseFile(join(root, path), bytes), options)
    // Only now: a folder's set-group bit, which hands its group on, would be lost.
    for (const path of folders) await chmod(path, RELEASE_FOLDER_MODE)
    written.push(...files.map(({ path }) => join(root, path)), ...folders.toReversed())
  }
  await syncAll(roots[0] ?? '', written, options)
}

/** One after the other, so that others may run in between. */
export async function inTurns<T>(
  items: readonly T[],
  work: (item: T) => void,
  { signal }: WriteOptions,
): Promise<void> {
  for (const [at, item] of items.entries()) {
    if (at % BREATH === 0) await setImmediate()
    signal?.throwIfAborted()
    work(item)
  }
}

export function writeReleaseFile(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', RELEASE_FILE_MODE)
  try {
    fchmodSync(file, RELEASE_FILE_MODE)
    writeFileSync(file, bytes)
  } finally {
    closeSync(file)
  }
}

/** Of the files, below the tree's own; parents before their children. */
export function foldersOf(files: readonly Pick<FileEntry, 'path'>[]): string[] {
  const folders = new Set<string>()
  for (const { path } of files) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  }
  return [...folders].toSorted()
}

/** A tree does not always come from `readTree`, and a path out of the release would be a programming error that costs a file. */
export function assertSafe(files: readonly Pick<FileEntry, 'path'>[]): void {
  for (const { path } of files) {
    const problem = pathProblem(path)
    if (problem !== undefined) throw new RangeError(`the path ${JSON.stringify(path)} of a release ${problem}`)
  }
}
