import type { TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler } from '@sinclair/typebox/compiler'
import { Value } from '@sinclair/typebox/value'
import { messageOf } from '#node/kit'
import { CheckinError } from './errors.ts'
import {
  CHECKIN_PROTOCOL,
  CheckIn,
  type FromBolt,
  type FromEnvoy,
  Hello,
  MAX_TRAITS_BYTES,
  Report,
  SecretsWanted,
  STILL,
  TaskDone,
  TaskOutput,
} from './messages.ts'
import { traitsProblem } from './traits.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** All that a check-in has beside the traits. */
const CHECK_IN_OVERHEAD_BYTES = 1024

interface Kind {
  readonly schema: TSchema
  readonly check: TypeCheck<TSchema>
}

const kinds: ReadonlyMap<unknown, Kind> = new Map(
  [Hello, CheckIn, Report, SecretsWanted, TaskOutput, TaskDone].map(schema => [
    schema.properties.type.const,
    { schema, check: TypeCompiler.Compile<TSchema>(schema) },
  ]),
)

const NOTHING = new Uint8Array()

export function encodeMessage<M extends { readonly type: string }>(message: M): Uint8Array {
  return message.type === 'still' ? NOTHING : encoder.encode(JSON.stringify(message))
}

/** What an envoy said. Of a report nothing is left that the protocol does not have. @throws CheckinError 'malformed' */
export function decodeFromEnvoy(frame: Uint8Array): FromEnvoy {
  if (frame.byteLength === 0) return STILL
  const value = parse(frame)
  const type = typeOf(value)
  const kind = kinds.get(type)
  if (kind === undefined) throw malformed(type, 'there is no such message')
  if (!kind.check.Check(value)) {
    const first = kind.check.Errors(value).First()
    throw malformed(type, `${first?.path ?? ''} ${first?.message ?? ''}`)
  }
  const message = value as FromEnvoy
  if (message.type === 'report') return Value.Clean(kind.schema, message) as FromEnvoy
  if (message.type === 'check-in' && message.traits !== undefined) {
    const problem =
      frame.byteLength > MAX_TRAITS_BYTES + CHECK_IN_OVERHEAD_BYTES
        ? `the traits have more than ${MAX_TRAITS_BYTES} bytes`
        : traitsProblem(message.traits)
    if (problem !== null) throw malformed(type, problem)
  }
  return message
}

/** What a bolt said; the envoy trusts its bolt, and messages that it does not know are for newer ones. @throws CheckinError 'malformed' */
export function decodeFromBolt(frame: Uint8Array): FromBolt {
  if (frame.byteLength === 0) return STILL
  const value = parse(frame)
  const type = typeOf(value)
  if (typeof type !== 'string') throw malformed('?', 'it has no type')
  if (type === STILL.type) throw malformed(type, 'its frame is empty')
  return value as FromBolt
}

function parse(frame: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(frame))
  } catch (error) {
    throw malformed('?', messageOf(error).slice(0, 100))
  }
}

function typeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'type') && 'type' in value
    ? value.type
    : undefined
}

function malformed(type: unknown, why: string): CheckinError {
  const shown = typeof type === 'string' ? type.slice(0, 40) : '?'
  return new CheckinError('malformed', `a '${shown}' message is none of ${CHECKIN_PROTOCOL}: ${why}`)
}
