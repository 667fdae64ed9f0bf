import { lstatSync, type Stats, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { FileEntry } from './tree.ts'

/**
 * What the file system says of a file that changes when somebody changes the file: nobody can set the time of the last change (`ctime`) of an inode,
 * whatever they do to its content and its other times. As `git status` does, a file whose stamp is the same is taken for the same.
 */
export interface Stamp {
  readonly inode: number
  readonly sizeBytes: number
  /** Milliseconds since 1970, with fractions. */
  readonly modifiedAt: number
  readonly changedAt: number
}

/** File systems of this machine's own kernel with times much finer than a second, by `statfs`. Others may tell what was true a moment ago. */
const TRUSTED = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0xf2f52010, 'f2fs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlayfs'],
])

/** The kernel's clock goes in steps of up to 10 ms: two changes in one of them have the same time. */
const STEP_MS = 20

/** Whether stamps in this folder mean something. */
export function hasStamps(folder: string): boolean {
  try {
    return TRUSTED.has(statfsSync(folder).type)
  } catch {
    return false
  }
}

/** Undefined for a file that changed only now, so that it could change again without another stamp, and where times are whole seconds. */
export function stampOf(stat: Stats, now: number): Stamp | undefined {
  const { ino, size, mtimeMs, ctimeMs } = stat
  if (now - ctimeMs < STEP_MS || ctimeMs % 1000 === 0) return undefined
  return { inode: ino, sizeBytes: size, modifiedAt: mtimeMs, changedAt: ctimeMs }
}

export function isStamped(stat: Stats, stamp: Stamp): boolean {
  return (
    stat.ctimeMs === stamp.changedAt &&
    stat.mtimeMs === stamp.modifiedAt &&
    stat.ino === stamp.inode &&
    stat.size === stamp.sizeBytes
  )
}

/** Files that a folder holds, with their stamps there. `known`: what was in it before; of those that are the same, the stamps are too. */
export function stamped(
  folder: string,
  files: readonly FileEntry[],
  known: readonly FileEntry[] = [],
): readonly FileEntry[] {
  if (!hasStamps(folder)) return []
  const before = new Map(known.map(file => [file.path, file]))
  return files.map(({ path, sha256 }) => {
    const same = before.get(path)
    if (same?.sha256 === sha256 && same.stamp !== undefined) return same
    const stat = lstatSync(join(folder, path), { throwIfNoEntry: false })
    return { path, sha256, stamp: stat && stampOf(stat, Date.now()) }
  })
}
