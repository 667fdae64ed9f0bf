import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces the file as one step: written beside, synced, renamed, and the folder synced, so that a crash at any moment
 * leaves the old content or the new one. The temporary name is `.tmp-<random>-<name>`; leftovers are cleared by their owner.
 *
 * `durable: false`: nothing is synced. Readers still see the old content or the new one; a machine that fails soon after may have neither whole.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number; durable?: boolean } = {},
): Promise<void> {
  const { mode = 0o644, durable = true } = options
  const temporary = join(dirname(path), `.tmp-${randomBytes(6).toString('hex')}-${basename(path)}`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      if (durable) await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  if (durable) await syncFolder(dirname(path))
}

/** Makes the folder's entries durable (after a create, rename or link in it). */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** A folder only its owner may enter. */
export async function privateFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  return path
}
