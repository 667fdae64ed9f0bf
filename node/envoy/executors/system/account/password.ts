import { createHmac, randomBytes } from 'node:crypto'
import { isSha512CryptOf } from './sha512-crypt.ts'

/** Verifying costs milliseconds by intention, and every run asks again. */
const MAX_REMEMBERED = 4096

const key = randomBytes(32)
const verified = new Set<string>()

/** Whether the password has this hash. What was verified once is known for as long as the agent runs, as a keyed hash in memory. */
export function hasHash(password: string, hash: string): boolean {
  const proof = createHmac('sha256', key).update(`${hash}\0${password}`).digest('base64')
  if (verified.has(proof)) return true
  if (!isSha512CryptOf(hash, password)) return false
  if (verified.size >= MAX_REMEMBERED) verified.clear()
  verified.add(proof)
  return true
}
