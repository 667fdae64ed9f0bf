import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/**
 * A file that is believed, and so only from whoever runs this: one of their own that nobody else can write or has another name for. Null for any
 * other, and for none; never throws.
 */
export async function readOwnFile(path: string, maxBytes: number): Promise<Buffer | null> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    await using file = await open(path, flags)
    const stat = await file.stat()
    const isPrivate = stat.uid === process.geteuid?.() && (stat.mode & 0o7177) === 0
    if (!stat.isFile() || !isPrivate || stat.nlink !== 1 || stat.size > maxBytes) return null
    return await file.readFile()
  } catch {
    return null
  }
}

export const OWN_FILE_MODE = 0o600
