import { chmodSync, lstatSync, mkdirSync, rmdirSync, type Stats, statSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { changesBetween } from './changes.ts'
import { type ReadOptions, readTree } from './read-tree.ts'
import { RELEASE_FILE_MODE, RELEASE_FOLDER_MODE } from './release-hash.ts'
import { syncAll } from './sync-all.ts'
import type { FileEntry, Tree, TreeFile } from './tree.ts'
import { assertSafe, foldersOf, inTurns, type WriteOptions, writeReleaseFile } from './write-tree.ts'

/** Set-group: what is made in it belongs to its group. */
const WRITABLE_FOLDER_MODE = 0o2700

/**
 * What a folder that `writeTrees` made holds, after all of it was looked at. Null when it is not as `writeTrees` would make it today: it has
 * something else in it, or other owners or modes.
 */
export async function inspectTree(
  folder: string,
  options: Pick<ReadOptions, 'signal' | 'stamps'> = {},
): Promise<readonly FileEntry[] | null> {
  if (!lstatSync(folder).isDirectory()) return null
  const group = groupOf(folder)
  const present = await readTree(folder, { ...options, isExpected: stat => isFileAsWritten(stat, group) })
  const isAsWritten = present.problems.length === 0 && areFoldersAsWritten(folder, present, group)
  return isAsWritten ? present.files : null
}

/**
 * Makes a folder that holds `present`, according to `inspectTree`, hold these files instead. Those that are in both stay, so that what
 * changes in a large tree is written, and nothing else. Durable when it returns, except for the folder's own name.
 *
 * False when what it wrote got another owner than a release has. The folder is good for nothing after that, as after an error.
 */
export async function rewriteTree(
  folder: string,
  present: readonly FileEntry[],
  files: readonly TreeFile[],
  options: WriteOptions = {},
): Promise<boolean> {
  assertSafe(files)
  const group = groupOf(folder)
  const { added, changed, removed } = changesBetween(present, files)
  const before = new Set(foldersOf(present))
  const after = new Set(foldersOf(files))
  const gone = [...before].filter(path => !after.has(path))
  const fresh = new Set([...after].filter(path => !before.has(path)))
  const written = new Set([...added, ...changed])
  const parents = new Set([...written, ...removed, ...fresh, ...gone].map(path => dirname(path)))
  const touched = ['.', ...after].filter(path => fresh.has(path) || parents.has(path))

  await inTurns([...changed, ...removed], path => unlinkSync(join(folder, path)), options)
  for (const path of gone.toReversed()) rmdirSync(join(folder, path))
  for (const path of touched) {
    if (fresh.has(path)) mkdirSync(join(folder, path), { mode: 0o700 })
    else chmodSync(join(folder, path), WRITABLE_FOLDER_MODE)
  }
  const wanted = files.filter(({ path }) => written.has(path))
  await inTurns(wanted, ({ path, bytes }) => writeReleaseFile(join(folder, path), bytes), options)
  for (const path of touched) chmodSync(join(folder, path), RELEASE_FOLDER_MODE)

  const changes = [...written, ...touched.toReversed()].map(path => join(folder, path))
  if (!changes.every(path => isOurs(statSync(path), group))) return false
  await syncAll(folder, changes, options)
  return true
}

function isFileAsWritten(stat: Stats, group: number | undefined): boolean {
  return isOurs(stat, group) && stat.nlink === 1 && (stat.mode & 0o7777) === RELEASE_FILE_MODE
}

/** No others than those of its files, nothing else in them. */
function areFoldersAsWritten(folder: string, { files, entries }: Tree, group: number | undefined): boolean {
  const folders = foldersOf(files)
  if (entries !== files.length + folders.length) return false
  return ['.', ...folders].every(path => {
    const stat = statSync(join(folder, path))
    return isOurs(stat, group) && (stat.mode & 0o7777) === RELEASE_FOLDER_MODE
  })
}

function isOurs({ uid, gid }: Stats, group: number | undefined): boolean {
  return uid === process.geteuid?.() && gid === group
}

/** That a folder made beside this one would get. */
function groupOf(folder: string): number | undefined {
  const { mode, gid } = statSync(dirname(folder))
  return (mode & 0o2000) !== 0 ? gid : process.getegid?.()
}
