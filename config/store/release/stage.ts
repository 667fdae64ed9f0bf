import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ReleasePlaces, STAGING_PREFIX } from './places.ts'
import type { TreeFile } from './tree.ts'
import { type WriteOptions, writeTree } from './write-tree.ts'

/** A name beside the releases for what is to be one of them. What is left of it after a kill, the next publisher removes. */
export function stagingFolder(places: ReleasePlaces): string {
  return join(places.releases, `${STAGING_PREFIX}${randomBytes(6).toString('hex')}`)
}

/** Writes the tree beside the releases, as one of them will be. */
export async function stage(places: ReleasePlaces, files: readonly TreeFile[], options: WriteOptions): Promise<string> {
  const staging = stagingFolder(places)
  try {
    await writeTree(staging, files, options)
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    throw error
  }
  return staging
}
