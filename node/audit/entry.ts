import { createHash } from 'node:crypto'
import { type Static, Type } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import canonicalize from 'canonicalize'
import { AUDIT_VIAS, type AuditEntry, type AuditEvent } from './types.ts'

/** Of one line with its line break; the limits below keep entries far from it. */
export const MAX_LINE_BYTES = 128 * 1024
const MAX_TEXT = 512
const MAX_DETAILS = 32
const MAX_DETAIL_TEXT = 1024

/** What the first entry has for the hash of the one before. */
export const NO_HASH = '0'.repeat(64)

/** The action of an entry that the log makes itself, with `lost`, the number of entries that were gone. */
export const RECOVERED = 'audit.recovered'

const Text = Type.String({ maxLength: MAX_TEXT })
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })

const Entry = Type.Object(
  {
    seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    at: Type.String({ maxLength: 32 }),
    actor: Text,
    via: Type.Union(AUDIT_VIAS.map(via => Type.Literal(via))),
    action: Text,
    target: Text,
    outcome: Type.Union([Type.Literal('done'), Type.Literal('refused'), Type.Literal('failed')]),
    details: Type.Record(
      Type.String({ maxLength: MAX_TEXT }),
      Type.Union([Type.String({ maxLength: MAX_DETAIL_TEXT }), Type.Number(), Type.Boolean()]),
    ),
    previous: Hash,
    hash: Hash,
  },
  { additionalProperties: false },
)
const isEntry = TypeCompiler.Compile(Entry)

/** The place of an entry in the chain. */
export interface Link {
  readonly seq: number
  readonly hash: string
}

/** The entry that follows `before`. What is too long for the log is cut: an act is never refused for its words. */
export function nextEntry(event: AuditEvent, before: Link, at: number): AuditEntry {
  const { actor, via, action, target, outcome, details } = event
  const fitting = {
    seq: before.seq + 1,
    at: new Date(at).toISOString(),
    actor: cut(actor, MAX_TEXT),
    via,
    action: cut(action, MAX_TEXT),
    target: cut(target, MAX_TEXT),
    outcome,
    details: Object.fromEntries(Object.entries(details).slice(0, MAX_DETAILS).map(fittingDetail)),
    previous: before.hash,
  }
  return { ...fitting, hash: hashOf(fitting) }
}

export function encodeEntry(entry: AuditEntry): string {
  return `${canonical(entry)}\n`
}

/** The entry of a line without its line break; null for everything that `encodeEntry` does not make. Its hash is its own. */
export function parseEntry(line: string): AuditEntry | null {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  if (!isEntry.Check(value) || canonical(value) !== line) return null
  const { hash, ...rest } = value
  return hashOf(rest) === hash ? (value as AuditEntry) : null
}

function hashOf(entry: Omit<Static<typeof Entry>, 'hash'>): string {
  return createHash('sha256').update(canonical(entry)).digest('hex')
}

function canonical(value: unknown): string {
  return canonicalize(value) ?? ''
}

function fittingDetail([name, value]: [string, string | number | boolean]): [string, string | number | boolean] {
  if (typeof value === 'string') return [cut(name, MAX_TEXT), cut(value, MAX_DETAIL_TEXT)]
  const isInexpressible = typeof value === 'number' && !Number.isFinite(value)
  return [cut(name, MAX_TEXT), isInexpressible ? String(value) : value]
}

function cut(text: string, maxLength: number): string {
  const whole = text.toWellFormed()
  return whole.length <= maxLength ? whole : `${whole.slice(0, maxLength - 1)}…`.toWellFormed()
}
