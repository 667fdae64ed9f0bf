import { systemClock } from './clock.ts'
import { messageOf, VigoError } from './errors.ts'

/** - `busy`: another process had the lock all the time
 * - `no-permission`: the lock file cannot be locked; the message says what it must be
 */
export class FileLockError extends VigoError<'busy' | 'no-permission'> {}

const RETRY_MS = 20
const SQLITE_BUSY = 5

/**
 * A lock between processes. Node has no `flock`, so it is SQLite's: a write transaction on an empty database file, which is a record
 * lock of the kernel (`fcntl`). The kernel gives it back when its process ends, however it ends, so it cannot go stale; it holds between
 * containers that share the folder, where process ids say nothing; and SQLite guards it within one process.
 * Nothing else may open the lock file: closing any descriptor of it would drop the lock of the whole process.
 */
export class FileLock implements Disposable {
  readonly #close: () => void
  #isHeld = true

  private constructor(close: () => void) {
    this.#close = close
  }

  /** Null while somebody else has it. @throws FileLockError 'no-permission' */
  static async try(path: string): Promise<FileLock | null> {
    const { DatabaseSync } = await import('node:sqlite')
    let database: InstanceType<typeof DatabaseSync> | undefined
    try {
      database = new DatabaseSync(path, { timeout: 0 })
      // Without a journal the file stays empty and alone.
      database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE')
      const locked = database
      return new FileLock(() => locked.close())
    } catch (error) {
      database?.close()
      if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null
      const message = `${path} cannot be locked (${messageOf(error)}): it must be an empty file, writable by this user, on a file system with locks`
      throw new FileLockError('no-permission', message, { cause: error })
    }
  }

  /** Waits for whoever has it. @throws FileLockError 'busy' after `waitMs`, 'no-permission' */
  static async acquire(path: string, options: { waitMs: number; signal?: AbortSignal | undefined }): Promise<FileLock> {
    const { waitMs, signal } = options
    const until = performance.now() + waitMs
    for (;;) {
      signal?.throwIfAborted()
      const lock = await FileLock.try(path)
      if (lock !== null) return lock
      if (performance.now() >= until) {
        throw new FileLockError('busy', `another process has held ${path} for ${waitMs} ms; try again when it is done`)
      }
      await systemClock.sleep(RETRY_MS, { signal })
    }
  }

  /** May be called twice. */
  [Symbol.dispose](): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#close()
  }
}
