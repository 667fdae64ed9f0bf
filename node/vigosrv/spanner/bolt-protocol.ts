import type { RequestProtocol } from '#node/host'

/** One bolt asks another what it would answer on one of its routes. */
export interface BoltQuestion {
  readonly route: string
  readonly body: object
}

export type BoltAnswer =
  | { readonly reply: unknown }
  | { readonly error: { readonly code: string; readonly message: string } }

const MAX_REQUEST_BYTES = 64 * 1024
const MAX_RESPONSE_BYTES = 8 * 2 ** 20

/** `/vigo/bolt/1`: `{ "route": "…", "body": {…} }`, answered by `{ "reply": … }` or `{ "error": { "code", "message" } }`, both JSON. */
export const boltProtocol: RequestProtocol<BoltQuestion, BoltAnswer> = {
  id: '/vigo/bolt/1',
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxResponseBytes: MAX_RESPONSE_BYTES,
  deadlineMs: 10_000,
  maxPerPeer: 8,
  request: { encode: encodeJson, decode: bytes => questionOf(objectOf(bytes)) },
  response: { encode: encodeJson, decode: bytes => answerOf(objectOf(bytes)) },
}

function encodeJson(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}

function objectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw new RangeError('not JSON')
  }
  if (isObject(value)) return value
  throw new RangeError('not an object')
}

function questionOf({ route, body }: Readonly<Record<string, unknown>>): BoltQuestion {
  if (typeof route !== 'string' || !/^[A-Za-z]{1,64}$/.test(route) || !isObject(body)) {
    throw new RangeError('not a question')
  }
  return { route, body }
}

function answerOf(value: Readonly<Record<string, unknown>>): BoltAnswer {
  if ('reply' in value) return { reply: value['reply'] }
  const { error } = value
  if (isObject(error) && typeof error['code'] === 'string' && typeof error['message'] === 'string') {
    return { error: { code: error['code'].slice(0, 64), message: error['message'].slice(0, 2000) } }
  }
  throw new RangeError('neither a reply nor an error')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
