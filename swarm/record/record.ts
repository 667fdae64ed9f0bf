import { ByteReader, concatBytes, encodeText, fromHex, isHex, messageOf, sha256Hex, toHex } from '#node/kit'
import { type Json, MAX_BODY_BYTES, parseCanonical, toCanonical } from './canonical.ts'
import { type Signer, verifySignature } from './ed25519.ts'
import { RecordError } from './errors.ts'

/**
 * Signed records: everything that the fleet agrees on without trusting who carries it.
 *
 * A record is a JSON body and one Ed25519 signature over
 *
 *     "vigo/<kind>/1\n" || fleet id (64 hex) || "\n" || JCS(body)
 *
 * The kind keeps a signature of one meaning from serving another, the fleet id keeps it in one fleet. Nodes store, gossip
 * and verify the exact body bytes that they received. Who must have signed follows from the body; each kind's own module
 * says how.
 *
 * Envelope on the wire and on disk:
 *
 *     byte 1 (version) || varint length, kind (ASCII) || 64 bytes signature || body to the end
 */

export const recordKinds = [
  'admission',
  'revocation',
  'name-claim',
  'rekey-bridge',
  'catalog-entry',
  'block',
  'project',
  'membership',
  'seat',
  'ref-update',
  'bolt-route',
  'envoy-route',
] as const
export type RecordKind = (typeof recordKinds)[number]

export interface SignedRecord {
  readonly kind: RecordKind
  readonly body: { readonly [key: string]: Json }
  /** Canonical; never serialised again. */
  readonly bodyBytes: Uint8Array
  readonly signature: Uint8Array
  /** SHA-256 of kind and canonical body, without the signature: the name of this exact statement. */
  readonly hash: string
}

const ENVELOPE_VERSION = 1
export const MAX_ENVELOPE_BYTES = MAX_BODY_BYTES + 128

export async function signRecord(
  kind: RecordKind,
  body: { readonly [key: string]: Json },
  fleetId: string,
  signer: Signer,
): Promise<SignedRecord> {
  const bodyBytes = toCanonical(body)
  return assemble(kind, bodyBytes, await signer.sign(signedBytes(kind, bodyBytes, fleetId)))
}

/** What a signer signs. */
export function signedBytes(kind: RecordKind, bodyBytes: Uint8Array, fleetId: string): Uint8Array {
  if (!isHex(fleetId, 32)) throw new RangeError('a fleet id is 64 hex digits')
  return concatBytes(new TextEncoder().encode(`vigo/${kind}/1\n${fleetId}\n`), bodyBytes)
}

/** Puts a record together from a body that is already canonical. @throws RecordError */
export function assemble(kind: RecordKind, bodyBytes: Uint8Array, signature: Uint8Array): SignedRecord {
  const body = parseCanonical(bodyBytes)
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    throw new RecordError('malformed', `body of a ${kind} record is not an object`)
  }
  if (signature.byteLength !== 64) throw new RecordError('malformed', 'a signature has 64 bytes')
  return { kind, body, bodyBytes, signature, hash: sha256Hex(`vigo/${kind}/1\n`, bodyBytes) }
}

/** @throws RecordError 'bad-signature' */
export async function requireSignature(record: SignedRecord, fleetId: string, publicKey: Uint8Array): Promise<void> {
  const message = signedBytes(record.kind, record.bodyBytes, fleetId)
  if (!(await verifySignature(record.signature, message, publicKey))) {
    throw new RecordError(
      'bad-signature',
      `${record.kind} ${record.hash.slice(0, 12)} is not signed by ${toHex(publicKey).slice(0, 12)} for this fleet`,
    )
  }
}

export function encodeRecord(record: SignedRecord): Uint8Array {
  return concatBytes(Uint8Array.of(ENVELOPE_VERSION), encodeText(record.kind), record.signature, record.bodyBytes)
}

/** Checks form and limits, not the signature. @throws RecordError */
export function decodeRecord(bytes: Uint8Array): SignedRecord {
  if (bytes.byteLength > MAX_ENVELOPE_BYTES) {
    throw new RecordError(
      'too-large',
      `record of ${bytes.byteLength} bytes is above the limit of ${MAX_ENVELOPE_BYTES}`,
    )
  }
  try {
    const reader = new ByteReader(bytes)
    const version = reader.byte()
    if (version !== ENVELOPE_VERSION) throw new RangeError(`unknown record version ${version}`)
    const kind = reader.text(32)
    if (!isRecordKind(kind)) throw new RangeError(`unknown record kind '${kind}'`)
    const signature = reader.bytes(64).slice()
    return assemble(kind, reader.bytes(reader.remaining).slice(), signature)
  } catch (error) {
    if (error instanceof RecordError) throw error
    throw new RecordError('malformed', `record envelope is malformed: ${messageOf(error)}`, { cause: error })
  }
}

/** The form that people and files see: `{ "body": …, "signature": "<hex>" }`. */
export function recordToJson(record: SignedRecord): { body: SignedRecord['body']; signature: string } {
  return { body: record.body, signature: toHex(record.signature) }
}

/** A record inside another one's body, for example a rekey bridge in an entry's delegations. @throws RecordError */
export function recordFromJson(kind: RecordKind, value: Json | undefined): SignedRecord {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new RecordError('malformed', `a ${kind} record must be an object with body and signature`)
  }
  const { body, signature, ...rest } = value
  if (body === undefined || !isHex(signature, 64) || Object.keys(rest).length > 0) {
    throw new RecordError('malformed', `a ${kind} record must have exactly body and signature`)
  }
  return assemble(kind, toCanonical(body), fromHex(signature))
}

function isRecordKind(kind: string): kind is RecordKind {
  return (recordKinds as readonly string[]).includes(kind)
}
