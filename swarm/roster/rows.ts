import { fromHex, sha256Hex, toHex } from '#node/kit'
import { BodyReader, HOSTNAME, PLATFORM_PART, type SignedRecord, type Signer, signRecord } from '#swarm/record'

/**
 * Roster records.
 *
 * `admission` lets one peer in: `{ peer, hostname, role, os, arch, serial, issuer, issued_at }`.
 *   The founder (whose public key is the fleet id) may admit bolts and envoys, a bolt only envoys. Of several admissions of
 *   one peer the founder's count before a bolt's, then the highest serial, then the smallest hash.
 * `revocation` puts a peer out for good: `{ peer, reason, issuer, issued_at }`.
 *   The founder may revoke anybody but itself, a bolt only envoys. It is never undone: the machine gets a new key instead.
 *
 * Both are signed by `issuer` (32-byte Ed25519 key in hex). `peer` is the member's Ed25519 public key in hex.
 */

export type Role = 'bolt' | 'envoy'

export interface Admission {
  /** Public key of the member in hex; its peer id is derived from it. */
  readonly peer: string
  readonly hostname: string
  readonly role: Role
  readonly os: string
  readonly arch: string
  readonly serial: number
  readonly issuer: string
  readonly issuedAt: number
}

export interface Revocation {
  readonly peer: string
  readonly reason: string
  readonly issuer: string
  readonly issuedAt: number
}

const REASON = /^[^\p{Cc}]{0,200}$/u

export function readAdmission(record: SignedRecord): Admission {
  const body = new BodyReader(record)
  const admission: Admission = {
    peer: body.hex('peer', 32),
    hostname: body.text('hostname', HOSTNAME, 'must be a lower-case host name'),
    role: body.oneOf('role', ['bolt', 'envoy']),
    os: body.text('os', PLATFORM_PART, 'must match [a-z0-9_]{1,32}'),
    arch: body.text('arch', PLATFORM_PART, 'must match [a-z0-9_]{1,32}'),
    serial: body.integer('serial'),
    issuer: body.hex('issuer', 32),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  return admission
}

export function readRevocation(record: SignedRecord): Revocation {
  const body = new BodyReader(record)
  const revocation: Revocation = {
    peer: body.hex('peer', 32),
    reason: body.text('reason', REASON, 'must be at most 200 printable characters'),
    issuer: body.hex('issuer', 32),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  return revocation
}

/** Id of the row: what the statement is about. */
export function rowId(kind: 'admission' | 'revocation', peer: string): string {
  return sha256Hex(`${kind}\n`, fromHex(peer))
}

export function signAdmission(
  admission: Omit<Admission, 'issuer'>,
  fleetId: string,
  issuer: Signer,
): Promise<SignedRecord> {
  const { issuedAt, ...rest } = admission
  return signRecord('admission', { ...rest, issuer: toHex(issuer.publicKey), issued_at: issuedAt }, fleetId, issuer)
}

export function signRevocation(
  revocation: Omit<Revocation, 'issuer'>,
  fleetId: string,
  issuer: Signer,
): Promise<SignedRecord> {
  const { issuedAt, ...rest } = revocation
  return signRecord('revocation', { ...rest, issuer: toHex(issuer.publicKey), issued_at: issuedAt }, fleetId, issuer)
}
