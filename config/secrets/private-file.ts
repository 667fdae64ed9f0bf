import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { codeOf } from '#node/kit'
import { SecretsError } from './errors.ts'

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** The text of a file that nobody else may read or change; null when it is not there. @throws SecretsError 'unsafe-secrets', 'no-permission' */
export async function readPrivateFile(path: string, maxBytes: number): Promise<string | null> {
  try {
    await using file = await open(path, FLAGS)
    const { size, mode, uid } = await file.stat()
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw unsafe(path, 'is not a file', 'remove it')
    if (!isOurs(uid)) throw unsafe(path, `belongs to user ${uid}`, `chown it to the user of the server`)
    if ((mode & 0o077) !== 0) throw unsafe(path, `has mode ${octal(mode)}`, `chmod 600 ${path}`)
    if (size > maxBytes)
      throw new SecretsError('damaged-secret', `${path} has ${size} bytes; it was not written by vigo`)
    return await file.readFile('utf8')
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    if (code === 'ELOOP') throw unsafe(path, 'is a symbolic link', 'put the file in its place')
    if (code === 'EACCES' || code === 'EPERM') {
      throw new SecretsError('no-permission', `not allowed to read ${path}; run this as the user of the server`, {
        cause: error,
      })
    }
    throw error
  }
}

/** A folder that nobody else may enter or change. False when it is not there. @throws SecretsError 'unsafe-secrets' */
export async function checkPrivateFolder(path: string): Promise<boolean> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  })
  if (stat === null) return false
  if (!stat.isDirectory()) throw unsafe(path, 'is not a folder', 'put a folder in its place')
  if (!isOurs(stat.uid)) throw unsafe(path, `belongs to user ${stat.uid}`, 'chown it to the user of the server')
  if ((stat.mode & 0o077) !== 0) throw unsafe(path, `has mode ${octal(stat.mode)}`, `chmod 700 ${path}`)
  return true
}

/** Root may do everything anyway. */
function isOurs(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.()
}

function octal(mode: number): string {
  return `0${(mode & 0o777).toString(8)}`
}

function unsafe(path: string, what: string, remedy: string): SecretsError {
  return new SecretsError(
    'unsafe-secrets',
    `${path} ${what}; secrets are not used until it is for their owner only: ${remedy}`,
  )
}
