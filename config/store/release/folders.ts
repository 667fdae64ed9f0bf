import { chmod, mkdir } from 'node:fs/promises'
import { codeOf, syncFolder } from '#node/kit'
import { explained } from './errors.ts'
import type { ReleasePlaces } from './places.ts'

/** Set-group: what is made below belongs to the group of the folder, which is the server's. */
const SHARED_FOLDER_MODE = 0o2750

/** Makes what is missing of the folders that releases need. Those that are there keep their owner and mode. */
export async function makeFolders(places: ReleasePlaces): Promise<void> {
  await explained(`create ${places.releases}`, async () => {
    await mkdir(places.home, { recursive: true })
    if (await makeShared(places.releases)) await syncFolder(places.home)
    if (await makeShared(places.history)) await syncFolder(places.releases)
  })
}

/** False when it is there. */
async function makeShared(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o750 })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  await chmod(folder, SHARED_FOLDER_MODE)
  return true
}
