import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/*
 * The password hash `$6$` of crypt(3), as Ulrich Drepper specified it ("Unix crypt using SHA-256 and SHA-512", 2008): what every Linux
 * verifies. Computed here, so that no password is ever an argument or input of another program.
 */

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const DEFAULT_ROUNDS = 5000
const MIN_ROUNDS = 1000
/** The format allows a thousand million, which would take an hour. */
const MAX_VERIFIED_ROUNDS = 1_000_000
const SALT_LENGTH = 16

/** A new hash with a random salt. */
export function sha512Crypt(password: string): string {
  const salt = Array.from(randomBytes(SALT_LENGTH), byte => ALPHABET[byte & 63]).join('')
  return hashed(password, salt, undefined)
}

/** Whether the hash is of this password; false for hashes of other kinds, locked ones and none. */
export function isSha512CryptOf(known: string, password: string): boolean {
  const [, rounds, salt] = /^\$6\$(?:rounds=(\d{1,9})\$)?([^$]{0,16})\$[./0-9A-Za-z]{86}$/.exec(known) ?? []
  if (salt === undefined) return false
  const count = rounds === undefined ? undefined : Number(rounds)
  if (count !== undefined && (count < MIN_ROUNDS || count > MAX_VERIFIED_ROUNDS)) return false
  const expected = Buffer.from(hashed(password, salt, count))
  const actual = Buffer.from(known)
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}

function hashed(password: string, salt: string, rounds: number | undefined): string {
  const key = Buffer.from(password, 'utf8')
  const saltBytes = Buffer.from(salt, 'utf8')
  const digest = stretched(key, saltBytes, rounds ?? DEFAULT_ROUNDS)
  return `$6$${rounds === undefined ? '' : `rounds=${rounds}$`}${salt}$${encoded(digest)}`
}

function stretched(key: Buffer, salt: Buffer, rounds: number): Buffer {
  const b = sha512(key, salt, key)
  const bits: Buffer[] = []
  for (let length = key.length; length > 0; length >>= 1) bits.push((length & 1) === 1 ? b : key)
  let digest = sha512(key, salt, repeated(b, key.length), ...bits)
  const p = repeated(sha512(...Array.from({ length: key.length }, () => key)), key.length)
  const s = repeated(sha512(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => salt)), salt.length)
  for (let round = 0; round < rounds; round++) {
    const isOdd = (round & 1) === 1
    const parts = [isOdd ? p : digest]
    if (round % 3 !== 0) parts.push(s)
    if (round % 7 !== 0) parts.push(p)
    parts.push(isOdd ? digest : p)
    digest = sha512(...parts)
  }
  return digest
}

function sha512(...parts: readonly Uint8Array[]): Buffer {
  return hash('sha512', Buffer.concat(parts), 'buffer')
}

/** `length` bytes of a block and its repetitions. */
function repeated(block: Buffer, length: number): Buffer {
  return Buffer.alloc(length, block)
}

/** Three bytes at a time, in the order that the specification prescribes: each triple is the one before it, rotated. */
function encoded(digest: Buffer): string {
  let text = ''
  let [a, b, c] = [0, 21, 42]
  for (let i = 0; i < 21; i++) {
    text += characters((at(digest, a) << 16) | (at(digest, b) << 8) | at(digest, c), 4)
    ;[a, b, c] = [b + 1, c + 1, a + 1]
  }
  return text + characters(at(digest, 63), 2)
}

function at(digest: Buffer, index: number): number {
  return digest[index] ?? 0
}

function characters(value: number, count: number): string {
  return Array.from({ length: count }, (_, i) => ALPHABET[(value >> (6 * i)) & 63]).join('')
}
