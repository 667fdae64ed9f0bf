import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { outcomeOf, Run } from '#node/checkin'
import { type Logger, messageOf, writeFileAtomic } from '#node/kit'
import { setAside, type WriteFile } from '../converge/index.ts'

const MAX_REPORTS = 1000
const MAX_BYTES = 64 * 1024 * 1024
/** Of reports that could not be written down. */
const MAX_IN_MEMORY = 50
const FILE = /^([0-9]{12})-([0-9a-f]{32})\.json$/

interface Waiting {
  readonly number: number
  readonly id: string
  readonly bytes: number
  /** Everything was as it should be: what the server learns from it, the next one says too. */
  readonly isQuiet: boolean
  /** Only while it could not be written. */
  readonly run: Run | null
}

/**
 * Reports until the server has stored them, in the order of the runs; one file each. When there are too many, the oldest of those
 * without news go first, and then the oldest.
 */
export class ReportQueue {
  readonly #options: ReportQueueOptions
  #waiting: Waiting[]
  #dropped = 0

  private constructor(options: ReportQueueOptions, waiting: Waiting[]) {
    this.#options = options
    this.#waiting = waiting
  }

  static async open(options: ReportQueueOptions): Promise<ReportQueue> {
    const waiting: Waiting[] = []
    for (const name of (await readdir(options.folder)).sort()) {
      const match = FILE.exec(name)
      if (match === null) continue
      const file = join(options.folder, name)
      try {
        const text = await readFile(file, 'utf8')
        const run = readRun(text)
        if (run.id !== match[2]) throw new RangeError('it is the report of another run')
        waiting.push({
          number: Number(match[1]),
          id: run.id,
          bytes: Buffer.byteLength(text),
          isQuiet: isQuiet(run),
          run: null,
        })
      } catch (error) {
        await setAside(file, error, options.logger)
      }
    }
    return new ReportQueue(options, waiting)
  }

  get size(): number {
    return this.#waiting.length
  }

  /** How many were given up for lack of room since the agent started. */
  get dropped(): number {
    return this.#dropped
  }

  get oldest(): string | null {
    return this.#waiting[0]?.id ?? null
  }

  /** Nothing happens when the run is there already. A full disk keeps the report in memory. */
  async add(run: Run): Promise<void> {
    if (this.#waiting.some(({ id }) => id === run.id)) return
    const number = (this.#waiting.at(-1)?.number ?? 0) + 1
    const text = `${JSON.stringify(run)}\n`
    const row = { number, id: run.id, bytes: Buffer.byteLength(text), isQuiet: isQuiet(run) }
    const { write = writeFileAtomic, logger } = this.#options
    try {
      await write(this.#file(row), text, { mode: 0o600 })
      this.#waiting.push({ ...row, run: null })
    } catch (error) {
      this.#waiting.push({ ...row, run })
      logger.warn(
        'report-not-kept',
        { run: run.id, reason: messageOf(error) },
        'the report waits in memory and is lost when the agent ends before a server has stored it; free some space on the disk',
      )
    }
    await this.#makeRoom()
  }

  /** Null when it is gone or damaged; then it does not wait any more. */
  async read(id: string): Promise<Run | null> {
    const row = this.#waiting.find(each => each.id === id)
    if (row === undefined) return null
    if (row.run !== null) return row.run
    try {
      return readRun(await readFile(this.#file(row), 'utf8'))
    } catch (error) {
      await setAside(this.#file(row), error, this.#options.logger)
      this.#waiting = this.#waiting.filter(each => each !== row)
      return null
    }
  }

  async stored(id: string): Promise<void> {
    const row = this.#waiting.find(each => each.id === id)
    if (row === undefined) return
    this.#waiting = this.#waiting.filter(each => each !== row)
    if (row.run === null) await rm(this.#file(row), { force: true })
  }

  async #makeRoom(): Promise<void> {
    const { maxReports = MAX_REPORTS, maxBytes = MAX_BYTES, logger } = this.#options
    for (;;) {
      const bytes = this.#waiting.reduce((sum, row) => sum + row.bytes, 0)
      const inMemory = this.#waiting.filter(({ run }) => run !== null)
      const crowd = inMemory.length > MAX_IN_MEMORY ? inMemory : this.#waiting
      if (this.#waiting.length <= maxReports && bytes <= maxBytes && crowd === this.#waiting) return
      const victim = crowd.slice(0, -1).find(row => row.isQuiet) ?? crowd[0]
      if (victim === undefined || this.#waiting.length <= 1) return
      await this.stored(victim.id)
      this.#dropped++
      logger.warn(
        'report-dropped',
        { run: victim.id, waiting: this.#waiting.length, dropped: this.#dropped },
        'too many reports wait for a server; the oldest without news are given up first',
      )
    }
  }

  #file({ number, id }: Pick<Waiting, 'number' | 'id'>): string {
    return join(this.#options.folder, `${String(number).padStart(12, '0')}-${id}.json`)
  }
}

export interface ReportQueueOptions {
  readonly folder: string
  readonly logger: Logger
  readonly write?: WriteFile
  readonly maxReports?: number
  readonly maxBytes?: number
}

function isQuiet(run: Run): boolean {
  return outcomeOf(run) === 'converged'
}

function readRun(text: string): Run {
  const run: unknown = JSON.parse(text)
  if (!Value.Check(Run, run)) throw new RangeError('it is no report')
  return run as Run
}
