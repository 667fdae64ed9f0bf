import { chmod, mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '#node/kit'
import { pathProblem } from './file-names.ts'
import { RELEASE_FILE_MODE, RELEASE_FOLDER_MODE } from './release-hash.ts'
import type { TreeFile } from './tree.ts'

/** As many as keep the disk's queue filled; Node runs four of them at a time. */
const CONCURRENT_FILES = 16

/** Writes a tree into a new folder with the modes of a release. Durable when it returns, except for the folder's own name. */
export async function writeTree(
  folder: string,
  files: readonly TreeFile[],
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  for (const { path } of files) assertSafe(path)
  const folders = [folder, ...foldersOf(files).map(path => join(folder, path))]
  for (const path of folders) await mkdir(path, { mode: 0o700 })
  const queue = files.values()
  const worker = async (): Promise<void> => {
    for (const file of queue) {
      options.signal?.throwIfAborted()
      await writeReleaseFile(join(folder, file.path), file.bytes)
    }
  }
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_FILES, files.length) }, worker))
  for (const path of folders.toReversed()) {
    // Only now: a folder's set-group bit, which hands its group on, would be lost.
    await chmod(path, RELEASE_FOLDER_MODE)
    await syncFolder(path)
  }
}

async function writeReleaseFile(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx', RELEASE_FILE_MODE)
  await file.chmod(RELEASE_FILE_MODE)
  await file.writeFile(bytes)
  await file.sync()
}

/** Parents before their children. */
function foldersOf(files: readonly TreeFile[]): string[] {
  const folders = new Set<string>()
  for (const { path } of files) {
    for (let folder = dirname(path); folder !== '.' && !folders.has(folder); folder = dirname(folder))
      folders.add(folder)
  }
  return [...folders].toSorted()
}

/** A tree does not always come from `readTree`, and a path out of the release would be a programming error that costs a file. */
function assertSafe(path: string): void {
  const problem = pathProblem(path)
  if (problem !== undefined) throw new RangeError(`the path ${JSON.stringify(path)} of a release ${problem}`)
}
