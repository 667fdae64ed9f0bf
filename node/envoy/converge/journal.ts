import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import { HexHash, type ResourceResult, ResourceResult as ResultSchema, type Run, Run as RunSchema } from '#node/checkin'
import { codeOf, type Logger, messageOf } from '#node/kit'
import { setAside } from './memory.ts'
import type { Trigger } from './pass.ts'

/** What a run is, before anything of it is known. */
export type RunHeader = Pick<Run, 'id' | 'release' | 'bundle' | 'mode' | 'startedAt' | 'offline'>

/** How the turn of one resource ended, and what has to be remembered of it. */
export interface Entry {
  readonly result: ResourceResult
  /** It is compliant with this fingerprint now. */
  readonly fingerprint?: string
  /** Ids that it has triggered. */
  readonly triggers?: readonly string[]
  readonly trigger?: Trigger
  /** Its own trigger is used up. */
  readonly isPaid: boolean
}

/** What a process that was ended in the middle of a run has written down. */
export interface Interrupted {
  readonly header: RunHeader
  readonly entries: readonly Entry[]
  /** The resource that was being applied. */
  readonly begun: Begun | null
}

export interface Begun {
  readonly id: string
  readonly type: string
  /** Whom its change triggers; it may have been changed. */
  readonly triggers: readonly string[]
  /** Its trigger was used up before it acted, so that it does not act again. */
  readonly isPaid: boolean
}

const Ids = Type.Array(Type.String({ maxLength: 4096 }))
const { id, release, bundle, mode, startedAt, offline } = RunSchema.properties
const isHeader = TypeCompiler.Compile(Type.Object({ id, release, bundle, mode, startedAt, offline }))
const isBegun = TypeCompiler.Compile(
  Type.Object({ id: Type.String(), type: Type.String(), triggers: Ids, isPaid: Type.Boolean() }),
)
const isEntry = TypeCompiler.Compile(
  Type.Object({
    result: ResultSchema,
    fingerprint: Type.Optional(HexHash),
    triggers: Type.Optional(Ids),
    trigger: Type.Optional(Type.Union([Type.Literal('changed'), Type.Literal('corrected')])),
    isPaid: Type.Boolean(),
  }),
)

/**
 * The file in which a run is written down as it goes: JSON lines, `run`, then `begin` before and `end` after each resource that is
 * applied, `end` alone for others. Until something is applied there is no file: a process that ends there has left no trace that
 * would have to be explained, and a run without news writes nothing.
 */
export class Journal {
  readonly #file: string
  readonly #logger: Logger
  #held: string[] = []
  #handle: FileHandle | null = null
  #isBroken = false

  constructor(options: { folder: string; logger: Logger }) {
    this.#file = join(options.folder, 'run.journal')
    this.#logger = options.logger
  }

  start(header: RunHeader): void {
    this.#held = [line('run', header)]
    this.#isBroken = false
  }

  /** Resolves when the line is with the operating system: a killed process does not lose it. */
  async begin(begun: Begun): Promise<void> {
    this.#held.push(line('begin', begun))
    await this.#flush()
  }

  async end(entry: Entry): Promise<void> {
    this.#held.push(line('end', entry))
    if (this.#handle !== null) await this.#flush()
  }

  /** The run is reported; nothing of it has to be told again. */
  async clear(): Promise<void> {
    this.#held = []
    await this.#handle?.close().catch(() => undefined)
    this.#handle = null
    await rm(this.#file, { force: true })
  }

  /** What an earlier process left, or null. A torn last line is what a kill leaves; a file that is damaged otherwise is set aside. */
  async recover(): Promise<Interrupted | null> {
    let text: string
    try {
      text = await readFile(this.#file, 'utf8')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') await setAside(this.#file, error, this.#logger)
      return null
    }
    try {
      return interruptedFrom(text)
    } catch (error) {
      await setAside(this.#file, error, this.#logger)
      return null
    }
  }

  /** A full disk must not keep a machine from being put right: the run goes on without a journal. */
  async #flush(): Promise<void> {
    if (this.#isBroken) return
    try {
      this.#handle ??= await open(this.#file, 'w', 0o600)
      await this.#handle.appendFile(this.#held.join(''))
    } catch (error) {
      this.#isBroken = true
      this.#logger.warn(
        'journal-failed',
        { file: this.#file, reason: messageOf(error) },
        'if this agent is killed before the run ends, the run is not reported; free some space on the disk',
      )
    }
    this.#held = []
  }
}

function line(kind: 'run' | 'begin' | 'end', value: object): string {
  return `${JSON.stringify({ [kind]: value })}\n`
}

/** @throws RangeError when a line other than the last is no line of a journal */
function interruptedFrom(text: string): Interrupted | null {
  const lines = text.split('\n')
  lines.pop()
  const [first, ...rest] = lines.map(parsed)
  if (first === undefined) return null
  const header = first['run']
  if (!isHeader.Check(header)) throw new RangeError('it does not start with a run')
  const entries: Entry[] = []
  let begun: Begun | null = null
  for (const each of rest) {
    if (isBegun.Check(each['begin'])) begun = each['begin']
    else if (isEntry.Check(each['end'])) {
      entries.push(each['end'] as Entry)
      begun = null
    } else throw new RangeError('a line of it is damaged')
  }
  return { header, entries, begun }
}

function parsed(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new RangeError('a line of it is no object')
  return value as Record<string, unknown>
}
