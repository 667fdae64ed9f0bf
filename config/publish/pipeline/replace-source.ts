import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, syncFolder } from '#node/kit'

export type Replaced =
  | { readonly outcome: 'replaced' }
  /** Somebody wrote to it since it was read; it is as they left it. */
  | { readonly outcome: 'changed-meanwhile' }
  /** It is as it was. */
  | { readonly outcome: 'refused'; readonly why: string }

/**
 * Gives a file another text as one step, with the mode and the owner that it had, if its text is still `before`. Refuses where the
 * owner cannot be kept.
 */
export async function replaceSource(path: string, before: string, after: string): Promise<Replaced> {
  // The end of the name says what the file is, by which the next run knows what was left behind.
  const temporary = join(dirname(path), `.tmp-${randomBytes(6).toString('hex')}-${basename(path).slice(-60)}`)
  try {
    await using original = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    await writeLike(original, temporary, after)
    if (!(await isStill(path, original, Buffer.from(before)))) {
      await rm(temporary, { force: true })
      return { outcome: 'changed-meanwhile' }
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
    return { outcome: 'replaced' }
  } catch (error) {
    await rm(temporary, { force: true })
    const why = codeOf(error)
    if (why === undefined) throw error
    return why === 'ENOENT' ? { outcome: 'changed-meanwhile' } : { outcome: 'refused', why }
  }
}

async function writeLike(original: FileHandle, temporary: string, text: string): Promise<void> {
  const { mode, uid, gid } = await original.stat()
  await using file = await open(temporary, 'wx', 0o600)
  const own = await file.stat()
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid)
  await file.chmod(mode & 0o7777)
  await file.writeFile(text)
  await file.sync()
}

/** Between this and the rename a writer could still come; nothing that a file system offers would notice. */
async function isStill(path: string, original: FileHandle, before: Buffer): Promise<boolean> {
  await using now = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  const [was, is] = [await original.stat(), await now.stat()]
  if (was.ino !== is.ino || was.dev !== is.dev || is.size !== before.byteLength) return false
  const buffer = Buffer.alloc(before.byteLength)
  const { bytesRead } = await now.read(buffer, 0, buffer.byteLength, 0)
  return before.equals(buffer.subarray(0, bytesRead))
}
