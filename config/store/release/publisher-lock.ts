import { chmod, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { type Clock, FileLock, formatDuration, messageOf } from '#node/kit'
import { explained, ReleaseError } from './errors.ts'
import type { ReleasePlaces } from './places.ts'
import { integer, object, type Shaped, text } from './shape.ts'
import { readSmallFile } from './small-file.ts'

const isHolder = object({
  pid: integer(1),
  user: text({ maxLength: 200 }),
  host: text({ maxLength: 300 }),
  /** ISO 8601, UTC. */
  since: text({ maxLength: 40 }),
  doing: text({ maxLength: 100 }),
})

/** Who publishes, for people. */
export type Holder = Shaped<typeof isHolder>

export interface LockOptions {
  places: ReleasePlaces
  clock: Clock
  /** What for: `publish`, `rollback`. */
  doing: string
  /** How long to wait for another publisher; 0 to try once. */
  waitMs: number
  /** Called once, when there is somebody to wait for; null when they left no name. */
  onWait?: ((holder: Holder | null) => void) | undefined
  signal?: AbortSignal | undefined
}

const RETRY_MS = 100
const LOCK_MODE = 0o660

/**
 * One publisher at a time, by a `FileLock` beside which a file says who it is.
 * Nothing else may open the lock file: closing any descriptor of it would drop the lock of the whole process.
 */
export class PublisherLock implements AsyncDisposable {
  readonly #places: ReleasePlaces
  readonly #close: () => void
  #isHeld = true

  private constructor(places: ReleasePlaces, close: () => void) {
    this.#places = places
    this.#close = close
  }

  /** @throws ReleaseError 'busy', 'no-permission' */
  static async acquire(options: LockOptions): Promise<PublisherLock> {
    const { places, clock, doing, waitMs, onWait, signal } = options
    const deadline = clock.monotonicMs() + waitMs
    for (let isFirst = true; ; isFirst = false) {
      signal?.throwIfAborted()
      const close = await tryLock(places.lock)
      if (close !== null) {
        await introduce(places, doing, clock.now(), close)
        return new PublisherLock(places, close)
      }
      const left = deadline - clock.monotonicMs()
      if (left <= 0) throw busy(await readHolder(places), waitMs)
      if (isFirst) onWait?.(await readHolder(places))
      await clock.sleep(Math.min(RETRY_MS, left), { signal })
    }
  }

  /** May be called twice. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isHeld) return
    this.#isHeld = false
    try {
      await rm(this.#places.holder, { force: true })
    } finally {
      this.#close()
    }
  }
}

/** How to give it back; null while somebody else has it. */
async function tryLock(path: string): Promise<(() => void) | null> {
  try {
    const lock = await FileLock.try(path)
    return lock === null ? null : () => lock[Symbol.dispose]()
  } catch (error) {
    throw new ReleaseError('no-permission', `${messageOf(error)}; while nobody publishes it may be removed`, {
      cause: error,
    })
  }
}

async function introduce(places: ReleasePlaces, doing: string, now: number, close: () => void): Promise<void> {
  const since = new Date(now).toISOString()
  const holder: Holder = { pid: process.pid, user: userName(), host: hostname(), since, doing }
  try {
    await explained(`write ${places.holder}`, async () => {
      await shareLock(places.lock)
      // It may be another user's, who was killed.
      await rm(places.holder, { force: true })
      await writeFile(places.holder, `${JSON.stringify(holder)}\n`, { mode: 0o640 })
    })
  } catch (error) {
    close()
    throw error
  }
}

/** Whoever may write in the folder may lock. By path: see above. */
async function shareLock(path: string): Promise<void> {
  const { uid, mode } = await stat(path)
  if (uid === process.geteuid?.() && (mode & 0o777) !== LOCK_MODE) await chmod(path, LOCK_MODE)
}

async function readHolder(places: ReleasePlaces): Promise<Holder | null> {
  try {
    const holder: unknown = JSON.parse((await readSmallFile(places.holder, 4096)) ?? 'null')
    return isHolder(holder) ? holder : null
  } catch {
    return null
  }
}

/** A user without an account has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`
  }
}

function busy(holder: Holder | null, waitMs: number): ReleaseError {
  const who =
    holder === null
      ? 'another process is publishing'
      : `${holder.user} is publishing (${holder.doing}, process ${holder.pid} on ${holder.host}, since ${holder.since})`
  const waited = waitMs > 0 ? ` and did not end within ${formatDuration(waitMs)}` : ''
  return new ReleaseError('busy', `${who}${waited}; try again when that is done`, {
    context: holder === null ? {} : { holder },
  })
}
