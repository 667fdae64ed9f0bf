import { type BigIntStats, fstatSync } from 'node:fs'
import { stat } from 'node:fs/promises'

/**
 * How a file looked when it was verified. A write, a restore from backup or a copied disk changes at least one field. `epoch` counts
 * unclean ends of the store: after one, older stamps prove nothing, because the page cache may have been lost.
 */
export interface FileStamp {
  readonly size: number
  readonly mtimeNs: string
  readonly ctimeNs: string
  readonly ino: string
  readonly epoch: number
}

export function stampOf(stats: BigIntStats, epoch: number): FileStamp {
  return {
    size: Number(stats.size),
    mtimeNs: String(stats.mtimeNs),
    ctimeNs: String(stats.ctimeNs),
    ino: String(stats.ino),
    epoch,
  }
}

/** Synchronous, because it takes two microseconds on an open file and the answer must not be stale. */
export function stampOfOpenFile(fd: number, epoch: number): FileStamp {
  return stampOf(fstatSync(fd, { bigint: true }), epoch)
}

export async function stampOfPath(path: string, epoch: number): Promise<FileStamp> {
  return stampOf(await stat(path, { bigint: true }), epoch)
}

export function sameStamp(a: FileStamp | null, b: FileStamp): boolean {
  return a !== null && sameContent(a, b) && a.ctimeNs === b.ctimeNs && a.epoch === b.epoch
}

/** As `sameStamp`, but blind to what only the change time shows, such as a new hard link. */
export function sameContent(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ino === b.ino
}
