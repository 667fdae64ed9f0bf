import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { fromHex, toHex } from '#node/kit'

/**
 * The program's only Ed25519. Strict: non-canonical and small-order public keys and S >= L are refused, so that a
 * signature has one signer and one form. `node:crypto` does the arithmetic; the tests compare it with `@noble/ed25519`.
 */

const PRIVATE_PREFIX = fromHex('302e020100300506032b657004220420')
const PUBLIC_PREFIX = fromHex('302a300506032b6570032100')
const FIELD_PRIME = 2n ** 255n - 19n
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** y coordinates of the eight points of small order; both signs of x are refused with them. */
const SMALL_ORDER_Y = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  FIELD_PRIME - 2707385501144840649318225287225658788936804267575313519463743609750303402022n,
])

export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** 32 random bytes of the operating system. */
export function newSeed(): Uint8Array {
  return new Uint8Array(randomBytes(32))
}

export function signerFromSeed(seed: Uint8Array): Signer {
  if (seed.byteLength !== 32) throw new RangeError('an Ed25519 seed has 32 bytes')
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
  return { publicKey, sign: async message => new Uint8Array(sign(null, message, key)) }
}

/** True for a canonical encoding of a point whose order is not small. */
export function isAcceptablePublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.byteLength !== 32) return false
  const y = littleEndian(publicKey) & (2n ** 255n - 1n)
  return y < FIELD_PRIME && !SMALL_ORDER_Y.has(y)
}

/** False for every signature that is not exactly right; never throws. Runs in the thread pool. */
export async function verifySignature(
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
): Promise<boolean> {
  if (signature.byteLength !== 64 || littleEndian(signature.subarray(32)) >= GROUP_ORDER) return false
  const key = publicKeyObject(publicKey)
  if (key === null) return false
  return new Promise(resolve => {
    verify(null, message, key, signature, (error, valid) => resolve(error === null && valid))
  })
}

const MAX_CACHED_KEYS = 1024
const keys = new Map<string, KeyObject>()

function publicKeyObject(publicKey: Uint8Array): KeyObject | null {
  const name = toHex(publicKey)
  const cached = keys.get(name)
  if (cached !== undefined) return cached
  if (!isAcceptablePublicKey(publicKey)) return null
  try {
    const key = createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, publicKey]), format: 'der', type: 'spki' })
    if (keys.size >= MAX_CACHED_KEYS) {
      const oldest = keys.keys().next().value
      if (oldest !== undefined) keys.delete(oldest)
    }
    keys.set(name, key)
    return key
  } catch {
    return null
  }
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`)
}
