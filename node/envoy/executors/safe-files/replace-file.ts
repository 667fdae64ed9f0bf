import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { posix } from 'node:path'
import { codeOf } from '#node/kit'
import { isLeftover, TemporaryName } from '../temporary-name.ts'
import { telling } from './file-error.ts'
import type { Folder } from './folder.ts'
import type { Place, PlaceOptions } from './place.ts'

export interface NewFile {
  readonly contents: Uint8Array
  /** All bits of permission: 0o644. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Sees the finished file before it is in place; what it throws keeps the old one. */
  readonly inspect?: (temporary: Temporary) => Promise<void>
}

export interface Temporary {
  /** For programs that run as the agent. */
  readonly path: string
  /** Where it is by name, for programs that look at their argument. */
  readonly realPath: string
}

/**
 * Replaces what is there (nothing, a file, a link; not a directory) as one step: the new file is whole, synced, and has its owner and
 * mode before it has the name. What killed agents left in the folder is removed.
 * @throws ExecutorError
 */
export async function replaceFile(place: Place, file: NewFile, { signal }: PlaceOptions): Promise<void> {
  signal.throwIfAborted()
  await telling(`writing ${place.shown}`, async () => {
    await removeLeftovers(place.folder)
    using name = new TemporaryName()
    const temporary = place.folder.at(name.text)
    try {
      await writeNew(temporary, file, signal)
      await file.inspect?.({
        path: place.folder.atForPrograms(name.text),
        realPath: posix.join(place.folder.path, name.text),
      })
      signal.throwIfAborted()
      await putInPlace(temporary, place, file)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await place.folder.sync()
  })
}

async function writeNew(path: string, { contents, mode, uid, gid }: NewFile, signal: AbortSignal): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const file = await open(path, flags, 0o600)
  try {
    await file.writeFile(contents, { signal })
    await giveTo(file, uid, gid)
    // After chown, which takes set-user-id bits away.
    await file.chmod(mode)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function giveTo(file: FileHandle, uid: number, gid: number): Promise<void> {
  const stats = await file.stat()
  if (stats.uid !== uid || stats.gid !== gid) await file.chown(uid, gid)
}

/**
 * In containers `/etc/hosts` and the like are mounts by themselves: no name can be put in their place. Only then the bytes are written
 * into the file that is there, which is no single step.
 */
async function putInPlace(temporary: string, place: Place, { contents, uid, gid, mode }: NewFile): Promise<void> {
  try {
    await rename(temporary, place.folder.at(place.name))
    return
  } catch (error) {
    if (codeOf(error) !== 'EBUSY') throw error
  }
  const flags = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(place.folder.at(place.name), flags)
  try {
    await file.truncate(0)
    await file.writeFile(contents)
    await giveTo(file, uid, gid)
    await file.chmod(mode)
    await file.sync()
  } finally {
    await file.close()
  }
  await rm(temporary, { force: true })
}

/** What agents that were killed left in a folder. */
export async function removeLeftovers(folder: Folder): Promise<void> {
  for (const name of await folder.names()) if (isLeftover(name)) await rm(folder.at(name), { force: true })
}
