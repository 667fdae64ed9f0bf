import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ReleasePlaces, STAGING_PREFIX } from './places.ts'
import type { TreeFile } from './tree.ts'
import { type WriteOptions, writeTrees } from './write-tree.ts'

/** A name beside the releases for what is to be one of them. What is left of it after a kill, the next publisher removes. */
export function stagingFolder(places: ReleasePlaces): string {
  return join(places.releases, `${STAGING_PREFIX}${randomBytes(6).toString('hex')}`)
}

/** Writes the tree beside the releases, as one of them will be, and as many `copies` more. */
export async function stage(
  places: ReleasePlaces,
  files: readonly TreeFile[],
  { copies = 0, ...options }: WriteOptions & { copies?: number } = {},
): Promise<readonly [staging: string, ...copies: string[]]> {
  const staging = stagingFolder(places)
  const all = [staging, ...Array.from({ length: copies }, () => stagingFolder(places))] as const
  try {
    await writeTrees(all, files, options)
  } catch (error) {
    for (const folder of all) await rm(folder, { recursive: true, force: true })
    throw error
  }
  return all
}
