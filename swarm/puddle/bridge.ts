import { fromHex, sha256Hex, toHex } from '#node/kit'
import { BodyReader, RecordError, requireSignature, type SignedRecord, type Signer, signRecord } from '#swarm/record'

/**
 * Rekey bridge `{ old, new, issued_at }`, signed by the old key: what the old key founded, the new key carries on. A chain of
 * bridges leads from a founder to the key that signs today.
 */
export interface Bridge {
  readonly old: string
  readonly new: string
  readonly issuedAt: number
}

/** A puddle that rekeys more often than this starts a new identity. */
export const MAX_CHAIN = 16

export function readBridge(record: SignedRecord): Bridge {
  const body = new BodyReader(record)
  const bridge = { old: body.hex('old', 32), new: body.hex('new', 32), issuedAt: body.integer('issued_at') }
  body.done()
  if (bridge.old === bridge.new) throw body.refuse('new', 'must be another key than old')
  return bridge
}

export function bridgeId(oldKey: string): string {
  return sha256Hex('rekey-bridge\n', fromHex(oldKey))
}

export function signBridge(fleetId: string, old: Signer, newKey: Uint8Array, issuedAt: number): Promise<SignedRecord> {
  return signRecord('rekey-bridge', bridgeBody(old.publicKey, newKey, issuedAt), fleetId, old)
}

export function bridgeBody(
  oldKey: Uint8Array,
  newKey: Uint8Array,
  issuedAt: number,
): { old: string; new: string; issued_at: number } {
  return { old: toHex(oldKey), new: toHex(newKey), issued_at: issuedAt }
}

/**
 * Checks that the bridges lead from founder to signer, each signed by its old key, without a detour.
 * @throws RecordError 'not-entitled' or 'bad-signature'
 */
export async function requireChain(
  founder: string,
  signer: string,
  bridges: readonly SignedRecord[],
  fleetId: string,
): Promise<void> {
  if (bridges.length > MAX_CHAIN) throw new RecordError('not-entitled', `rekey chain is longer than ${MAX_CHAIN}`)
  const seen = new Set([founder])
  let holder = founder
  for (const record of bridges) {
    const bridge = readBridge(record)
    if (bridge.old !== holder || seen.has(bridge.new)) {
      throw new RecordError(
        'not-entitled',
        `rekey chain from ${founder.slice(0, 12)} is broken at ${bridge.old.slice(0, 12)}`,
      )
    }
    await requireSignature(record, fleetId, fromHex(bridge.old))
    holder = bridge.new
    seen.add(holder)
  }
  if (holder !== signer) {
    throw new RecordError(
      'not-entitled',
      `${signer.slice(0, 12)} has no chain of rekey bridges from the founder ${founder.slice(0, 12)}`,
    )
  }
}
