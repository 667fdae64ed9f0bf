import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { ReleasePlaces } from './places.ts'
import { inspectTree, rewriteTree } from './rewrite-tree.ts'
import { stagingFolder } from './stage.ts'
import { stamped } from './stamp.ts'
import { readStamps, writeStamps } from './stamps-file.ts'
import type { FileEntry, TreeFile } from './tree.ts'
import type { WriteOptions } from './write-tree.ts'

/*
 * Beside the releases lies one folder more that is as good as one of them, and in no name's place: the next release is made of it, because
 * it has most of it. Under the publisher's lock only.
 */

/** What the spare holds, after all of it was looked at; null when there is none. One that is good for no release is removed. */
export async function inspectSpare(
  places: ReleasePlaces,
  options: WriteOptions = {},
): Promise<readonly FileEntry[] | null> {
  if (!existsSync(places.spare)) return null
  const stamps = await readStamps(places.spareStamps)
  const files = await inspectTree(places.spare, { ...options, stamps }).catch(() => null)
  options.signal?.throwIfAborted()
  if (files === null) await rm(places.spare, { recursive: true, force: true })
  return files
}

/** Makes a folder that holds these files, as a release would, the spare; there is none. */
export async function laySpareBy(places: ReleasePlaces, folder: string, files: readonly FileEntry[]): Promise<void> {
  await rename(folder, places.spare)
  await writeStamps(places.spareStamps, stamped(places.spare, files))
}

/**
 * Makes the spare, which holds `present`, hold these files, and answers where it is then. Null when that did not succeed; there is no
 * spare any more. It is renamed before it is touched: who read in it finds nothing, rather than a mixture.
 */
export async function useSpare(
  places: ReleasePlaces,
  present: readonly FileEntry[],
  files: readonly TreeFile[],
  options: WriteOptions,
): Promise<string | null> {
  const staging = stagingFolder(places)
  await rename(places.spare, staging)
  const isDone = await rewriteTree(staging, present, files, options).catch(() => false)
  if (isDone) return staging
  await rm(staging, { recursive: true, force: true })
  options.signal?.throwIfAborted()
  return null
}
