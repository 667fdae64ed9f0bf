import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf, syncFolder } from '#node/kit'
import type { BlobIndex } from './blob-index.ts'
import { storeFault } from './errors.ts'

const BLOB_MODE = 0o644
const NO_LINK = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/**
 * Puts a file at `path` as one step: linked or copied beside, synced, renamed. The temporary name is noted in the index first, so
 * that the next start finds it wherever it is. A link is only made when the file's own mode is wanted, which both names share.
 */
export async function placeFile(
  index: BlobIndex,
  from: string,
  path: string,
  options: { share: boolean; mode?: number },
): Promise<'linked' | 'copied'> {
  const temporary = join(dirname(path), `.tmp-${randomBytes(6).toString('hex')}-${basename(path).slice(0, 200)}`)
  await index.noteTemporary(temporary)
  try {
    await mkdir(dirname(path), { recursive: true })
    const linked = options.share && (options.mode ?? BLOB_MODE) === BLOB_MODE && (await tryLink(from, temporary))
    if (!linked) await copySynced(from, temporary, options.mode ?? BLOB_MODE)
    await rename(temporary, path)
    await syncFolder(dirname(path))
    return linked ? 'linked' : 'copied'
  } catch (error) {
    throw storeFault(error, `writing ${path}`)
  } finally {
    // Renaming one of two names of a file onto the other leaves both.
    await rm(temporary, { force: true })
    await index.forgetTemporary(temporary)
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (NO_LINK.has(codeOf(error) ?? '')) return false
    throw error
  }
}

async function copySynced(from: string, to: string, mode: number): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  await chmod(to, mode)
  const file = await open(to, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
