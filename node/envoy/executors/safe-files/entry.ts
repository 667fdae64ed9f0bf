import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { codeOf } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import { telling } from './file-error.ts'
import type { Place, PlaceOptions } from './place.ts'

export type EntryKind = 'missing' | 'file' | 'directory' | 'symlink' | 'other'

/** A link is a link. */
export type Entry =
  | { readonly kind: 'missing' }
  | { readonly kind: Exclude<EntryKind, 'missing'>; readonly stats: Stats }

/** For people. */
export const kindNames: Readonly<Record<EntryKind, string>> = {
  missing: 'nothing',
  file: 'a file',
  directory: 'a directory',
  symlink: 'a symbolic link',
  other: 'a device, socket or pipe',
}

/** What is at a place; nothing where its folder does not exist. @throws ExecutorError */
export async function entryAt(place: Place | null, { signal }: PlaceOptions): Promise<Entry> {
  signal.throwIfAborted()
  if (place === null) return { kind: 'missing' }
  try {
    const stats = await place.folder.statusOf(place.name)
    return { kind: kindOf(stats), stats }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'missing' }
    return await telling(`looking at ${place.shown}`, () => Promise.reject(error))
  }
}

/** The bytes of a regular file. @throws ExecutorError 'failed' for something else, or more than `maxBytes` */
export async function readEntry(
  place: Place,
  { signal, maxBytes }: PlaceOptions & { maxBytes: number },
): Promise<{ readonly contents: Buffer; readonly stats: Stats }> {
  signal.throwIfAborted()
  return await telling(`reading ${place.shown}`, async () => {
    // Opening a pipe without O_NONBLOCK waits for its other end.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = await open(place.folder.at(place.name), flags)
    try {
      const stats = await file.stat()
      if (!stats.isFile()) throw new ExecutorError('failed', `${place.shown} is no regular file`)
      if (stats.size > maxBytes) {
        throw new ExecutorError('failed', `${place.shown} has ${stats.size} bytes; at most ${maxBytes} are read`)
      }
      return { contents: await contentsOf(file, stats.size, signal), stats }
    } finally {
      await file.close()
    }
  })
}

/** As many bytes as the file has; to the end where the system does not tell, as below /proc. */
async function contentsOf(file: FileHandle, sizeBytes: number, signal: AbortSignal): Promise<Buffer> {
  if (sizeBytes === 0) return await file.readFile({ signal })
  const contents = Buffer.allocUnsafeSlow(sizeBytes)
  let filled = 0
  while (filled < sizeBytes) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(contents, filled, sizeBytes - filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return contents.subarray(0, filled)
}

export function kindOf(stats: Stats): Exclude<EntryKind, 'missing'> {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  return stats.isSymbolicLink() ? 'symlink' : 'other'
}
