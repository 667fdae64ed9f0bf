import { chmodSync, lstatSync, mkdirSync, rmdirSync, type Stats, statSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { changesBetween } from './changes.ts'
import { readTree } from './read-tree.ts'
import { RELEASE_FILE_MODE, RELEASE_FOLDER_MODE } from './release-hash.ts'
import { syncAll } from './sync-all.ts'
import type { Tree, TreeFile } from './tree.ts'
import { assertSafe, foldersOf, writeReleaseFile } from './write-tree.ts'

/** Set-group: what is made in it belongs to its group. */
const WRITABLE_FOLDER_MODE = 0o2700

/** Files between two moments at which others may run and the signal is looked at. */
const BREATH = 256

/**
 * Makes a folder that `writeTree` made hold these files instead. Those that are in both stay, after their content was read; so that what
 * changes in a large tree is written, and nothing else. Durable when it returns, except for the folder's own name.
 *
 * False when the folder is not as `writeTree` would make it today: it has something else in it, or other owners or modes. It is good for
 * nothing after that, as after an error.
 */
export async function rewriteTree(
  folder: string,
  files: readonly TreeFile[],
  options: { signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  assertSafe(files)
  if (!lstatSync(folder).isDirectory()) return false
  const present = await readTree(folder, options)
  if (!(await isAsWritten(folder, present, options))) return false
  const { added, changed, removed } = changesBetween(present.files, files)
  const before = new Set(foldersOf(present.files))
  const after = new Set(foldersOf(files))
  const gone = [...before].filter(path => !after.has(path))
  const fresh = new Set([...after].filter(path => !before.has(path)))
  const written = new Set([...added, ...changed])
  const parents = new Set([...written, ...removed, ...fresh, ...gone].map(path => dirname(path)))
  const touched = ['.', ...after].filter(path => fresh.has(path) || parents.has(path))

  for (const path of [...changed, ...removed]) unlinkSync(join(folder, path))
  for (const path of gone.toReversed()) rmdirSync(join(folder, path))
  for (const path of touched) {
    if (fresh.has(path)) mkdirSync(join(folder, path), { mode: 0o700 })
    else chmodSync(join(folder, path), WRITABLE_FOLDER_MODE)
  }
  for (const { path, bytes } of files) if (written.has(path)) writeReleaseFile(join(folder, path), bytes)
  for (const path of touched) chmodSync(join(folder, path), RELEASE_FOLDER_MODE)

  const changes = [...written, ...touched.toReversed()].map(path => join(folder, path))
  if (!changes.every(path => isOurs(statSync(path), groupOf(folder)))) return false
  await syncAll(folder, changes, options)
  return true
}

/** Nothing but files of a release and their folders, all with the owner, group and mode that they would get. */
async function isAsWritten(
  folder: string,
  { files, problems, entries }: Tree,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<boolean> {
  const folders = foldersOf(files)
  if (problems.length > 0 || entries !== files.length + folders.length) return false
  const group = groupOf(folder)
  const isFolder = (stat: Stats): boolean => isOurs(stat, group) && (stat.mode & 0o7777) === RELEASE_FOLDER_MODE
  if (![folder, ...folders.map(path => join(folder, path))].every(path => isFolder(statSync(path)))) return false
  for (const [at, { path }] of files.entries()) {
    if (at % BREATH === 0) await setImmediate()
    signal?.throwIfAborted()
    const stat = statSync(join(folder, path))
    if (!isOurs(stat, group) || stat.nlink !== 1 || (stat.mode & 0o7777) !== RELEASE_FILE_MODE) return false
  }
  return true
}

function isOurs({ uid, gid }: Stats, group: number | undefined): boolean {
  return uid === process.geteuid?.() && gid === group
}

/** That a folder made beside this one would get. */
function groupOf(folder: string): number | undefined {
  const { mode, gid } = statSync(dirname(folder))
  return (mode & 0o2000) !== 0 ? gid : process.getegid?.()
}
