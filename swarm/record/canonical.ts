import canonicalize from 'canonicalize'
import { equalBytes, messageOf } from '#node/kit'
import { RecordError } from './errors.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** Bounds parsing work and stack; the formats of the product nest five deep at most. */
const MAX_DEPTH = 16
export const MAX_BODY_BYTES = 4 * 1024 * 1024

/** The one form of a JSON value (RFC 8785). @throws RecordError 'not-canonical' when the value has none */
export function toCanonical(value: Json): Uint8Array {
  try {
    return new TextEncoder().encode(canonicalize(value))
  } catch (error) {
    throw new RecordError('not-canonical', `value has no canonical JSON form: ${messageOf(error)}`)
  }
}

/**
 * Parses bytes that must already be the canonical form of what they say. That refuses duplicate keys, other key orders,
 * white space, numbers that a double does not hold, and escapes that are not needed, all by one comparison; what the
 * comparison cannot see (`__proto__`, integers beyond 2^53, depth) is checked beside it.
 * @throws RecordError 'not-canonical' or 'too-large'
 */
export function parseCanonical(bytes: Uint8Array, maxBytes = MAX_BODY_BYTES): Json {
  if (bytes.byteLength > maxBytes) {
    throw new RecordError('too-large', `record body of ${bytes.byteLength} bytes is above the limit of ${maxBytes}`)
  }
  checkDepth(bytes)
  let value: Json
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), refuseSpecial)
  } catch (error) {
    throw new RecordError('not-canonical', `record body is not canonical JSON: ${messageOf(error)}`)
  }
  if (!equalBytes(toCanonical(value), bytes)) {
    throw new RecordError('not-canonical', 'record body is not in its canonical form (RFC 8785)')
  }
  return value
}

function refuseSpecial(this: unknown, key: string, value: Json): Json {
  if (key === '__proto__') throw new SyntaxError('key __proto__ is not allowed')
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new SyntaxError('integer is beyond 2^53')
  }
  return value
}

function checkDepth(bytes: Uint8Array): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < bytes.byteLength; i++) {
    const byte = bytes[i]
    if (inString) {
      if (byte === 0x5c) i++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > MAX_DEPTH) throw new RecordError('not-canonical', `record body nests deeper than ${MAX_DEPTH}`)
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
}
