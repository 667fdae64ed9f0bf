import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readFile, rm, rmdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { codeOf, toHex } from '#node/kit'
import { ApiError } from '../errors.ts'

/**
 * Who is at the other end of a Unix socket. Node cannot ask the kernel (SO_PEERCRED), so the caller proves it with the file
 * system: it makes a folder of a name that the server just invented, in a folder where everybody may make entries but nobody
 * may rename or remove another's (mode 1777); the folder's owner is the caller. Folders cannot be hard-linked.
 */

const CHALLENGE_MS = 10_000
const SESSION_MS = 10 * 60_000
const MAX_OPEN = 1024

export interface UnixUser {
  readonly uid: number
}

/** The server's side. */
export class UnixLogins {
  readonly #folder: string
  readonly #challenges = new Map<string, number>()
  readonly #sessions = new Map<string, { user: UnixUser; expiresAt: number }>()

  constructor(folder: string) {
    this.#folder = folder
  }

  async prepare(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
    await mkdir(this.#folder, { mode: 0o700 })
    await chmod(this.#folder, 0o1777)
  }

  challenge(): { path: string } {
    const now = performance.now()
    for (const [name, at] of this.#challenges) if (now - at > CHALLENGE_MS) this.#challenges.delete(name)
    if (this.#challenges.size >= MAX_OPEN) throw new ApiError('unauthorized', 'too many logins at a time; try again')
    const name = toHex(randomBytes(16))
    this.#challenges.set(name, now)
    return { path: join(this.#folder, name) }
  }

  /** @throws ApiError 'unauthorized' */
  async login(path: string): Promise<{ session: string }> {
    const name = basename(path)
    if (!this.#challenges.delete(name))
      throw new ApiError('unauthorized', 'this login was not started here, or took too long')
    const made = join(this.#folder, name)
    let user: UnixUser
    try {
      const stat = await lstat(made)
      // Others could have moved a folder here that its owner left open to them, but none that only its owner may enter.
      if (!stat.isDirectory() || (stat.mode & 0o777) !== 0o700) {
        throw new ApiError('unauthorized', 'the proof is not a folder of mode 0700')
      }
      user = { uid: stat.uid }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new ApiError('unauthorized', 'the proof was not made')
      throw error
    }
    await rmdir(made).catch(() => undefined)
    const now = performance.now()
    for (const [token, session] of this.#sessions) if (session.expiresAt < now) this.#sessions.delete(token)
    const session = toHex(randomBytes(32))
    this.#sessions.set(session, { user, expiresAt: now + SESSION_MS })
    return { session }
  }

  userOf(session: string | undefined): UnixUser | null {
    const found = session === undefined ? undefined : this.#sessions.get(session)
    return found !== undefined && found.expiresAt >= performance.now() ? found.user : null
  }
}

/** The login name of a uid from `/etc/passwd`, or null. */
export async function userNameOf(uid: number): Promise<string | null> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':')
    if (name !== undefined && Number(id) === uid && id !== undefined && id !== '') return name
  }
  return null
}
