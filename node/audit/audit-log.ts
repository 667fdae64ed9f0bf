import { open, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Clock,
  FileLock,
  type Logger,
  privateFolder,
  silentLogger,
  syncFolder,
  systemClock,
  writeFileAtomic,
} from '#node/kit'
import { encodeEntry, nextEntry, parseEntry, RECOVERED } from './entry.ts'
import { auditFault } from './errors.ts'
import { readHead, writeHead } from './head.ts'
import { linesBackwards } from './lines.ts'
import { listSegments, segmentAt } from './segments.ts'
import { type Debris, findTail, type Tail } from './tail.ts'
import type { Audit, AuditEntry, AuditEvent } from './types.ts'

const SEGMENT_BYTES = 8 * 1024 * 1024
const LOCK_WAIT_MS = 10_000
/** Entries that are synced together. */
const MAX_GROUP = 256
const MAX_READ = 1000

export interface AuditLogOptions {
  /** `<state>/audit`. */
  folder: string
  clock?: Clock
  logger?: Logger
  /** A file that has as much is followed by a new one. */
  segmentBytes?: number
}

interface Waiting {
  readonly event: AuditEvent
  readonly resolve: (entry: AuditEntry) => void
  readonly reject: (error: unknown) => void
}

/**
 * The audit log of one machine: JSON lines, each with the hash of the one before, in files that follow each other. Several processes
 * may append, one at a time by a lock. What was appended is on disk; a line that a killed process left unfinished is kept aside, and
 * an entry of the log says so.
 */
export class AuditLog implements Audit {
  readonly #folder: string
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #segmentBytes: number
  #queue: Waiting[] = []
  #draining: Promise<void> | undefined
  /** As this process left it; another one may have appended since. */
  #known: Tail | undefined

  constructor(options: AuditLogOptions) {
    this.#folder = options.folder
    this.#clock = options.clock ?? systemClock
    this.#logger = options.logger ?? silentLogger
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES
  }

  /** Resolves when the entry is on disk. @throws AuditError: then it is not in the log, and the act must not be done */
  async append(event: AuditEvent): Promise<AuditEntry> {
    return await new Promise((resolve, reject) => {
      this.#queue.push({ event, resolve, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** The newest first, at most a thousand. Lines that are no entries are left out: `verifyAudit` names them. */
  async read(options: { limit: number; before?: number }): Promise<readonly AuditEntry[]> {
    const limit = Math.min(MAX_READ, options.limit)
    const before = options.before ?? Number.POSITIVE_INFINITY
    const entries: AuditEntry[] = []
    try {
      for (const segment of (await listSegments(this.#folder)).toReversed()) {
        if (segment.first >= before) continue
        for await (const line of linesBackwards(segment.path)) {
          if (entries.length >= limit) return entries
          const entry = parseEntry(line)
          if (entry !== null && entry.seq < before) entries.push(entry)
        }
      }
    } catch (error) {
      throw auditFault(error, this.#folder)
    }
    return entries
  }

  /** Waits for what is being appended. */
  async close(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    // The callers of this turn of the loop share one sync.
    await new Promise(resolve => setImmediate(resolve))
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, MAX_GROUP)
      try {
        const entries = await this.#appendGroup(group.map(({ event }) => event))
        for (const [at, { resolve }] of group.entries()) resolve(entries[at]!)
      } catch (error) {
        this.#known = undefined
        const fault = auditFault(error, this.#folder)
        this.#logger.error('audit-failed', { error: fault }, 'what should be recorded is refused until this is mended')
        for (const { reject } of group) reject(fault)
      }
    }
    this.#draining = undefined
  }

  async #appendGroup(events: readonly AuditEvent[]): Promise<AuditEntry[]> {
    await privateFolder(this.#folder)
    using _lock = await FileLock.acquire(join(this.#folder, '.lock'), { waitMs: LOCK_WAIT_MS })
    const { tail, recovered } = await this.#settle()
    const all = recovered === null ? events : [recovered, ...events]
    const at = this.#clock.now()
    const entries: AuditEntry[] = []
    for (const event of all) entries.push(nextEntry(event, entries.at(-1) ?? tail, at))
    this.#known = await this.#write(tail, entries)
    for (const { seq, hash, action } of entries) this.#logger.info('audit', { seq, hash, action })
    return entries.slice(all.length - events.length)
  }

  /** The end of the log, with what does not belong to it kept aside. */
  async #settle(): Promise<{ tail: Tail; recovered: AuditEvent | null }> {
    const segments = await listSegments(this.#folder)
    const known = this.#known
    if (known?.segment != null && segments.at(-1)?.name === known.segment.name) {
      const { size } = await stat(known.segment.path)
      if (size === known.sizeBytes) return { tail: known, recovered: null }
    }
    const { tail, debris } = await findTail(segments)
    const head = await readHead(this.#folder)
    const lost = head === null ? 0 : Math.max(0, head.seq - tail.seq)
    const isReplaced = head !== null && head.seq === tail.seq && head.hash !== tail.hash
    if (debris.length === 0 && lost === 0 && !isReplaced) return { tail, recovered: null }
    const kept = await this.#keepAside(tail, debris)
    const details = {
      lost: isReplaced ? 1 : lost,
      ...(lost > 0 || isReplaced ? { head: `${head?.seq}:${head?.hash}` } : {}),
      ...(kept.length > 0 ? { kept: kept.join(', ') } : {}),
    }
    this.#logger.warn('audit-recovered', details, 'the audit log did not end as it was left; see vigocli audit verify')
    const actor = 'vigo'
    return {
      tail,
      recovered: { actor, via: 'system', action: RECOVERED, target: this.#folder, outcome: 'done', details },
    }
  }

  async #keepAside(tail: Tail, debris: readonly Debris[]): Promise<string[]> {
    const names: string[] = []
    for (const { segment, start, bytes } of debris) {
      const name = `torn-${tail.seq + 1}-${this.#clock.now()}-${segment.name}`
      await writeFileAtomic(join(this.#folder, name), bytes, { mode: 0o600 })
      await (start === 0 ? rm(segment.path) : truncate(segment.path, start))
      names.push(name)
    }
    return names
  }

  async #write(tail: Tail, entries: readonly AuditEntry[]): Promise<Tail> {
    const isNew = tail.segment === null || tail.sizeBytes >= this.#segmentBytes
    const segment = isNew ? segmentAt(this.#folder, tail.seq + 1) : tail.segment!
    const sizeBefore = isNew ? 0 : tail.sizeBytes
    const bytes = Buffer.from(entries.map(encodeEntry).join(''))
    {
      await using file = await open(segment.path, 'a', 0o600)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } catch (error) {
        // Where this fails too, the next one finds the debris.
        await file.truncate(sizeBefore).catch(() => undefined)
        throw error
      }
    }
    if (isNew) await syncFolder(this.#folder)
    const { seq, hash } = entries.at(-1) ?? tail
    await writeHead(this.#folder, { seq, hash })
    return { seq, hash, segment, sizeBytes: sizeBefore + bytes.byteLength }
  }
}

export function auditFolder(state: string): string {
  return join(state, 'audit')
}
