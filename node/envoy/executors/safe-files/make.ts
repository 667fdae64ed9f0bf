import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { posix } from 'node:path'
import { codeOf } from '#node/kit'
import { lexical } from '../machine/index.ts'
import type { Machine } from '../machine.ts'
import { TemporaryName } from '../temporary-name.ts'
import { telling } from './file-error.ts'
import { findPlace, type Place, type PlaceOptions } from './place.ts'
import { removeLeftovers } from './replace-file.ts'

/** Bits of folders that are made on the way to one that is managed. */
const PARENT_MODE = 0o755

/** The place, with the folders on the way to it made where they are missing. @throws ExecutorError */
export async function makePlace(machine: Pick<Machine, 'root'>, path: string, options: PlaceOptions): Promise<Place> {
  const found = await findPlace(machine, path, options)
  if (found !== null) return found
  const parent = posix.dirname(lexical(path))
  {
    await using place = await makePlace(machine, parent, options)
    await makeFolder(place, PARENT_MODE, options)
  }
  const made = await findPlace(machine, path, options)
  if (made !== null) return made
  return await telling(`making ${parent}`, () => Promise.reject(new Error('it went away meanwhile')))
}

/** One that is there already is fine. @throws ExecutorError */
export async function makeFolder(place: Place, mode: number, { signal }: PlaceOptions): Promise<void> {
  signal.throwIfAborted()
  await telling(`making ${place.shown}`, async () => {
    try {
      await mkdir(place.folder.at(place.name), mode)
      await place.folder.sync()
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  })
}

/** Makes a symbolic link, or replaces a file or link that is there, as one step. @throws ExecutorError */
export async function makeLink(place: Place, target: string, { signal }: PlaceOptions): Promise<void> {
  signal.throwIfAborted()
  await telling(`linking ${place.shown}`, async () => {
    await removeLeftovers(place.folder)
    using name = new TemporaryName()
    const temporary = place.folder.at(name.text)
    try {
      await symlink(target, temporary)
      await rename(temporary, place.folder.at(place.name))
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await place.folder.sync()
  })
}
