import { Level } from 'level'
import { silentLogger, toHex } from '#node/kit'
import { type SignedRecord, type Signer, signerFromSeed } from '#swarm/record'
import { type Role, Roster, signAdmission, signRevocation } from './index.ts'

export const key = (n: number): Signer => signerFromSeed(new Uint8Array(32).fill(n))
export const hex = (signer: Signer): string => toHex(signer.publicKey)

export const founder: Signer = key(1)
export const bolt: Signer = key(2)
export const envoy: Signer = key(3)
export const stranger: Signer = key(4)
export const fleetId: string = hex(founder)

/** The caller closes the database. */
export async function openRoster(folder: string): Promise<{ db: Level; roster: Roster }> {
  const db = new Level(folder)
  return { db, roster: await Roster.open({ db, fleetId, logger: silentLogger }) }
}

export function admit(who: Signer, role: Role, issuer: Signer, serial = 1, fleet = fleetId): Promise<SignedRecord> {
  return signAdmission(
    { peer: hex(who), hostname: `h${hex(who).slice(0, 6)}`, role, os: 'linux', arch: 'amd64', serial, issuedAt: 1 },
    fleet,
    issuer,
  )
}

export function revoke(who: Signer, issuer: Signer): Promise<SignedRecord> {
  return signRevocation({ peer: hex(who), reason: 'lost', issuedAt: 2 }, fleetId, issuer)
}
