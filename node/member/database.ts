import { mkdir, readdir, statfs } from 'node:fs/promises'
import { Level } from 'level'
import { codeOf, type Layout, messageOf } from '#node/kit'
import { MemberError } from './errors.ts'

type Write = (this: Level, ...args: unknown[]) => Promise<void>

/** What `classic-level` does and its types do not say. */
interface Native {
  readonly _put: Write
  readonly _del: Write
  readonly _batch: Write
  readonly compactRange: (this: Level, start: string, end: string) => Promise<void>
}

const native = Level.prototype as unknown as Native
const abstract = Object.getPrototypeOf(Level.prototype) as { _chainedBatch: (this: Level) => unknown }

/** LevelDB's memory table is written out whole when its log is given up. */
const ROOM_TO_MEND_BYTES = 16 * 1024 * 1024

/**
 * LevelDB that keeps its promises when the disk fills up. A write that fails leaves half a record in the log; LevelDB goes on
 * behind it, and at the next start drops what it acknowledged since. So nothing is acknowledged after a failed write until the
 * log was replaced: what is in memory goes to a table file and a new log begins. While there is no room for that, writes fail.
 */
class Database extends Level {
  #faults = 0
  #mended = 0
  #mending: Promise<void> | undefined

  _put(...args: unknown[]): Promise<void> {
    return this.#write(() => native._put.apply(this, args))
  }

  _del(...args: unknown[]): Promise<void> {
    return this.#write(() => native._del.apply(this, args))
  }

  _batch(...args: unknown[]): Promise<void> {
    return this.#write(() => native._batch.apply(this, args))
  }

  /** The kind that collects operations and ends in `_batch`. */
  _chainedBatch(): unknown {
    return abstract._chainedBatch.call(this)
  }

  async #write(write: () => Promise<void>): Promise<void> {
    await this.#mend()
    try {
      await write()
    } catch (error) {
      this.#faults++
      throw this.#explain(error)
    }
    // Another write may have failed beside this one, and this one lies behind it in the log.
    await this.#mend()
  }

  async #mend(): Promise<void> {
    while (this.#faults > this.#mended) {
      this.#mending ??= this.#replaceLog().finally(() => {
        this.#mending = undefined
      })
      await this.#mending
    }
  }

  async #replaceLog(): Promise<void> {
    const faults = this.#faults
    const { bavail, bsize } = await statfs(this.location)
    if (bavail * bsize < ROOM_TO_MEND_BYTES) throw this.#full()
    const before = await this.#newestLog()
    await native.compactRange.call(this, '\0', '\0')
    if ((await this.#newestLog()) === before) throw this.#full()
    this.#mended = faults
  }

  async #newestLog(): Promise<string> {
    const logs = (await readdir(this.location)).filter(name => /^\d+\.log$/.test(name))
    return logs.sort().at(-1) ?? ''
  }

  #explain(error: unknown): unknown {
    return /no space|quota/i.test(messageOf(error)) ? this.#full() : error
  }

  #full(): MemberError {
    return new MemberError(
      'disk-full',
      `the disk is full and nothing can be recorded in ${this.location}; free some space (for example with 'vigo swarm curator gc') and try again`,
    )
  }
}

/** Opens this machine's database. @throws MemberError 'already-running' */
export async function openDatabase(layout: Layout): Promise<Level> {
  await mkdir(layout.db, { recursive: true, mode: 0o700 })
  const db = new Database(layout.db)
  try {
    await db.open()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    if (codeOf(cause) === 'LEVEL_LOCKED') {
      throw new MemberError(
        'already-running',
        `the state below ${layout.state} is open in another vigo process; stop that one first`,
      )
    }
    throw error
  }
  return db
}
