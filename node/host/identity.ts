import { createPrivateKey, createPublicKey } from 'node:crypto'
import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { HostError } from './errors.ts'
import type { PeerId } from './types.ts'

/** A machine's Ed25519 key and the names that follow from it. */
export interface Identity {
  readonly peerId: PeerId
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** The seed that all of it is derived from, 32 bytes. */
  readonly seed: Uint8Array
}

/** @throws RangeError when the seed is not 32 bytes. */
export function identityFromSeed(seed: Uint8Array): Identity {
  if (seed.byteLength !== 32) throw new RangeError(`an Ed25519 seed has 32 bytes, not ${seed.byteLength}`)
  const publicKey = publicKeyFromSeed(seed)
  return { peerId: peerIdOf(publicKey), publicKey, seed }
}

/** The peer id of a raw 32-byte Ed25519 public key. */
export function peerIdOf(publicKey: Uint8Array): PeerId {
  if (publicKey.byteLength !== 32) {
    throw new RangeError(`an Ed25519 public key has 32 bytes, not ${publicKey.byteLength}`)
  }
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
}

/** The raw 32-byte Ed25519 public key that a peer id carries. @throws HostError with code 'malformed' */
export function publicKeyOf(peer: PeerId): Uint8Array {
  let id: ReturnType<typeof peerIdFromString>
  try {
    id = peerIdFromString(peer)
  } catch (error) {
    throw new HostError('malformed', `'${peer.slice(0, 80)}' is not a peer id`, { cause: error })
  }
  if (id.type !== 'Ed25519' || id.toString() !== peer) {
    throw new HostError('malformed', `'${peer}' is not the base58 peer id of an Ed25519 key`)
  }
  return id.publicKey.raw
}

export function libp2pKey(seed: Uint8Array): Promise<Ed25519PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', seed)
}

/** RFC 8410's PKCS#8 wrapping of a bare Ed25519 seed. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

function publicKeyFromSeed(seed: Uint8Array): Uint8Array {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(-32))
}
