import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { HexHash } from '#node/checkin'
import { codeOf, type Logger, messageOf, writeFileAtomic } from '#node/kit'
import { stronger, type Trigger } from './pass.ts'

const Id = Type.String({ minLength: 1, maxLength: 4096 })
const Stored = Type.Object({
  format: Type.Literal(1),
  applied: Type.Record(Id, HexHash),
  owed: Type.Record(Id, Type.Union([Type.Literal('changed'), Type.Literal('corrected')])),
})

export type WriteFile = (path: string, content: string, options: { mode: number }) => Promise<void>

/**
 * What earlier runs did on this machine: by resource id, the fingerprint that it was last found or made compliant with, and who was
 * triggered and has not had its turn. It only tells drift from intention and keeps a restart from being forgotten; without it a run
 * does the same work.
 */
export class Memory {
  readonly #file: string
  readonly #logger: Logger
  readonly #write: WriteFile
  readonly #applied: Map<string, string>
  readonly #owed: Map<string, Trigger>
  #isSaved = true

  private constructor(options: MemoryOptions, applied: Map<string, string>, owed: Map<string, Trigger>) {
    this.#file = fileOf(options.folder)
    this.#logger = options.logger
    this.#write = options.write ?? writeFileAtomic
    this.#applied = applied
    this.#owed = owed
  }

  /** A damaged file is set aside, and the memory is empty. */
  static async open(options: MemoryOptions): Promise<Memory> {
    const file = fileOf(options.folder)
    try {
      const stored: unknown = JSON.parse(await readFile(file, 'utf8'))
      if (!Value.Check(Stored, stored)) throw new RangeError(Value.Errors(Stored, stored).First()?.message)
      return new Memory(options, new Map(Object.entries(stored.applied)), new Map(Object.entries(stored.owed)))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') await setAside(file, error, options.logger)
      return new Memory(options, new Map(), new Map())
    }
  }

  get owed(): ReadonlyMap<string, Trigger> {
    return this.#owed
  }

  fingerprintOf(id: string): string | undefined {
    return this.#applied.get(id)
  }

  remember(id: string, fingerprint: string): void {
    if (this.#applied.get(id) === fingerprint) return
    this.#applied.set(id, fingerprint)
    this.#isSaved = false
  }

  owe(id: string, trigger: Trigger): void {
    this.#owed.set(id, stronger(this.#owed.get(id) ?? null, trigger))
    this.#isSaved = false
  }

  paid(id: string): void {
    if (this.#owed.delete(id)) this.#isSaved = false
  }

  /** Forgets what the bundle does not have any more. */
  keep(ids: ReadonlySet<string>): void {
    for (const map of [this.#applied, this.#owed]) {
      for (const id of map.keys()) {
        if (ids.has(id)) continue
        map.delete(id)
        this.#isSaved = false
      }
    }
  }

  /** Writes what has changed. A failure (a full disk) is told and tried again with the next run. */
  async save(): Promise<void> {
    if (this.#isSaved) return
    const stored = { format: 1, applied: Object.fromEntries(this.#applied), owed: Object.fromEntries(this.#owed) }
    try {
      await this.#write(this.#file, `${JSON.stringify(stored)}\n`, { mode: 0o600 })
      this.#isSaved = true
    } catch (error) {
      this.#logger.warn(
        'memory-not-saved',
        { file: this.#file, reason: messageOf(error) },
        'what was applied is not written down; after a restart drift is reported as intended change',
      )
    }
  }
}

export interface MemoryOptions {
  folder: string
  logger: Logger
  write?: WriteFile
}

function fileOf(folder: string): string {
  return join(folder, 'applied.json')
}

/** Puts a damaged file where it can be looked at and does not come back. */
export async function setAside(file: string, error: unknown, logger: Logger): Promise<void> {
  const aside = `${file}.damaged`
  await rename(file, aside).catch(() => undefined)
  logger.warn('damaged-file', { file, aside, reason: messageOf(error) }, 'set aside; going on without it')
}
