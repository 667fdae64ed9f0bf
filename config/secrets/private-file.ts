import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs'
import { codeOf } from '#node/kit'
import { SecretsError } from './errors.ts'

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * The text of a file that nobody else may read or change; null when it is not there, or is a folder. Synchronous: a host asks for several
 * small files at once, and each hop through the thread pool costs more than reading.
 *
 * @throws SecretsError 'unsafe-secrets', 'no-permission', 'damaged-secret'
 */
export function readPrivateFile(path: string, maxBytes: number): string | null {
  let fd: number
  try {
    fd = openSync(path, FLAGS)
  } catch (error) {
    return openProblem(path, error)
  }
  try {
    const stat = fstatSync(fd)
    if (stat.isDirectory()) return null
    if (!stat.isFile()) throw unsafe(path, 'is not a file', 'remove it')
    if (!isOurs(stat.uid)) throw unsafe(path, `belongs to user ${stat.uid}`, 'chown it to the user of the server')
    if ((stat.mode & 0o077) !== 0) throw unsafe(path, `has mode ${octal(stat.mode)}`, `chmod 600 ${path}`)
    if (stat.size > maxBytes) {
      throw new SecretsError('damaged-secret', `${path} has ${stat.size} bytes; it was not written by vigo`)
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function openProblem(path: string, error: unknown): null {
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

/** A folder that nobody else may enter or change. False when it is not there. @throws SecretsError 'unsafe-secrets' */
export function checkPrivateFolder(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return false
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
