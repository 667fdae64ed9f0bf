import { fromHex, sha256Hex } from '#node/kit'
import { BodyReader, type SignedRecord, type Signer, signRecord } from '#swarm/record'

/**
 * Name claim `{ name, puddle, serial, issued_at }`, signed by the puddle: how it wants to be called. Names are hints: two
 * puddles may claim one name, and then it names neither. A puddle has one name; the highest serial counts.
 */
export interface NameClaim {
  readonly name: string
  readonly puddle: string
  readonly serial: number
  readonly issuedAt: number
}

/** Never 64 hex digits, so that a name is never taken for a key. */
export const PUDDLE_NAME = /^(?![0-9a-f]{64}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

export function readNameClaim(record: SignedRecord): NameClaim {
  const body = new BodyReader(record)
  const claim = {
    name: body.text('name', PUDDLE_NAME, 'must be 1 to 63 of a-z, 0-9 and inner hyphens'),
    puddle: body.hex('puddle', 32),
    serial: body.integer('serial'),
    issuedAt: body.integer('issued_at'),
  }
  body.done()
  return claim
}

export function nameClaimId(puddle: string): string {
  return sha256Hex('name-claim\n', fromHex(puddle))
}

export function nameClaimBody(claim: NameClaim): { name: string; puddle: string; serial: number; issued_at: number } {
  return { name: claim.name, puddle: claim.puddle, serial: claim.serial, issued_at: claim.issuedAt }
}

export function signNameClaim(claim: NameClaim, fleetId: string, signer: Signer): Promise<SignedRecord> {
  return signRecord('name-claim', nameClaimBody(claim), fleetId, signer)
}
