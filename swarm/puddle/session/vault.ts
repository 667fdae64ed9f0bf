import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { fromHex, isHex, toHex } from '#node/kit'
import { signerFromSeed } from '#swarm/record'
import { PuddleError } from './errors.ts'

/**
 * A puddle's private key under a passphrase: XChaCha20-Poly1305 with a key from Argon2id. The public key and the parameters are
 * authenticated with it. The form is JSON, so that people can see what it is.
 */
export interface WrappedKey {
  readonly format: 1
  readonly publicKey: string
  readonly kdf: {
    readonly name: 'argon2id'
    readonly memoryKiB: number
    readonly passes: number
    readonly lanes: number
  }
  readonly nonce: string
  readonly ciphertext: string
}

/** RFC 9106, section 4, second recommendation: 64 MiB, three passes, four lanes. */
export const STRONG_KDF: WrappedKey['kdf'] = { name: 'argon2id', memoryKiB: 65_536, passes: 3, lanes: 4 }
const MAX_KDF = { memoryKiB: 1_048_576, passes: 16, lanes: 16 }
export const MIN_PASSPHRASE = 8

export function newSalt(): Uint8Array {
  return new Uint8Array(randomBytes(16))
}

export async function wrapKey(
  seed: Uint8Array,
  passphrase: string,
  salt: Uint8Array,
  kdf = STRONG_KDF,
): Promise<WrappedKey> {
  if (passphrase.length < MIN_PASSPHRASE) {
    throw new PuddleError('usage', `the passphrase must have at least ${MIN_PASSPHRASE} characters`)
  }
  const publicKey = toHex(signerFromSeed(seed).publicKey)
  const nonce = new Uint8Array(randomBytes(24))
  const header = { format: 1, publicKey, kdf, nonce: toHex(nonce) } as const
  const key = await derive(passphrase, salt, kdf)
  return { ...header, ciphertext: toHex(xchacha20poly1305(key, nonce, authenticated(header)).encrypt(seed)) }
}

/** The seed. @throws PuddleError 'wrong-passphrase' or 'damaged' */
export async function unwrapKey(wrapped: WrappedKey, passphrase: string, salt: Uint8Array): Promise<Uint8Array> {
  const key = await derive(passphrase, salt, wrapped.kdf)
  let seed: Uint8Array
  try {
    seed = xchacha20poly1305(key, fromHex(wrapped.nonce), authenticated(wrapped)).decrypt(fromHex(wrapped.ciphertext))
  } catch {
    throw new PuddleError('wrong-passphrase', 'the passphrase is wrong (or the key file was changed)')
  }
  if (toHex(signerFromSeed(seed).publicKey) !== wrapped.publicKey) {
    throw new PuddleError('damaged', 'the wrapped key does not belong to its public key')
  }
  return seed
}

/** @throws PuddleError 'damaged' */
export function parseWrapped(text: string): WrappedKey {
  try {
    const value: WrappedKey = JSON.parse(text)
    const { kdf } = value
    const sane =
      value.format === 1 &&
      isHex(value.publicKey, 32) &&
      isHex(value.nonce, 24) &&
      isHex(value.ciphertext, 48) &&
      kdf.name === 'argon2id' &&
      within(kdf.memoryKiB, 8_192, MAX_KDF.memoryKiB) &&
      within(kdf.passes, 1, MAX_KDF.passes) &&
      within(kdf.lanes, 1, MAX_KDF.lanes)
    if (sane) return value
  } catch {
    // Said below.
  }
  throw new PuddleError('damaged', 'the wrapped puddle key is damaged; bring it from another machine with puddle join')
}

function within(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

function authenticated(header: Omit<WrappedKey, 'ciphertext'>): Uint8Array {
  const { format, publicKey, kdf, nonce } = header
  return new TextEncoder().encode(
    `vigo-puddle-${format}\n${publicKey}\n${kdf.name} ${kdf.memoryKiB} ${kdf.passes} ${kdf.lanes}\n${nonce}\n`,
  )
}

async function derive(passphrase: string, salt: Uint8Array, kdf: WrappedKey['kdf']): Promise<Uint8Array> {
  const key = await promisify(argon2)('argon2id', {
    message: Buffer.from(passphrase.normalize('NFKC')),
    nonce: Buffer.from(salt),
    parallelism: kdf.lanes,
    tagLength: 32,
    memory: kdf.memoryKiB,
    passes: kdf.passes,
  })
  return new Uint8Array(key)
}
