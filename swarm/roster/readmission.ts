import { type Clock, toHex } from '#node/kit'
import type { SignedRecord, Signer } from '#swarm/record'
import { RosterError } from './errors.ts'
import type { Roster } from './roster.ts'
import { signAdmission } from './rows.ts'

/**
 * An admission by this bolt for an envoy that is out only because the bolt that admitted it was revoked. Its key stays. Nothing is
 * stored or told yet.
 *
 * @throws RosterError 'unknown-member', 'ambiguous-member', 'hostname-taken', 'usage'
 */
export async function signReadmission(
  reference: string,
  { roster, signer, clock }: { roster: Roster; signer: Signer; clock: Clock },
): Promise<SignedRecord> {
  const stranded = roster.members().filter(({ peer, revoked }) => revoked === null && !roster.isMember(peer))
  const found = stranded.filter(
    ({ peer, hostname }) =>
      hostname === reference || peer === reference || (reference.length >= 8 && peer.startsWith(reference)),
  )
  const [only, ...others] = found
  if (only === undefined) {
    throw new RosterError(
      'unknown-member',
      `nobody called '${reference}' is out because of the server that admitted it; see vigosrv members list. Who was revoked needs a new key and a new token`,
    )
  }
  if (others.length > 0) {
    const keys = found.map(({ peer }) => peer).join(', ')
    throw new RosterError('ambiguous-member', `'${reference}' names several machines; use the public key: ${keys}`)
  }
  const { revoked: _revoked, issuer: _issuer, ...admission } = only
  if (roster.find(only.hostname).some(({ hostname }) => hostname === only.hostname)) {
    throw new RosterError('hostname-taken', `another live member is called '${only.hostname}' by now`)
  }
  if (!roster.mayAdmit(toHex(signer.publicKey), only.role)) {
    throw new RosterError('usage', 'this server is no member of its fleet (any more); it can admit nobody')
  }
  return signAdmission({ ...admission, serial: only.serial + 1, issuedAt: clock.now() }, roster.fleetId, signer)
}
