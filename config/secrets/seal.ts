import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

/*
 * A sealed secret is one line of JSON: {"format":1,"key":<id of the master key>,"nonce":<12 bytes>,"sealed":<AES-256-GCM with its tag>},
 * bytes as base64. What is authenticated beside it is `vigo-secret:1:<id>:<path>`, so that a file is good at its own path only.
 */

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const ALGORITHM = 'aes-256-gcm'

export interface MasterKey {
  /** 16 hex digits, derived from the key. */
  readonly id: string
  readonly bytes: Buffer
}

export function newMasterKey(): MasterKey {
  return masterKeyOf(randomBytes(KEY_BYTES))
}

/** @throws RangeError for other than 32 bytes */
export function masterKeyOf(bytes: Buffer): MasterKey {
  if (bytes.byteLength !== KEY_BYTES) throw new RangeError(`a master key has ${KEY_BYTES} bytes`)
  const id = createHash('sha256').update('vigo-master-key:1:').update(bytes).digest('hex').slice(0, 16)
  return { id, bytes }
}

/** The content of the secret's file. */
export function seal(key: MasterKey, path: string, value: string): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv(ALGORITHM, key.bytes, nonce).setAAD(authenticated(key.id, path))
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()])
  const file = { format: 1, key: key.id, nonce: nonce.toString('base64'), sealed: sealed.toString('base64') }
  return `${JSON.stringify(file)}\n`
}

export interface Sealed {
  readonly key: string
  readonly nonce: Buffer
  readonly sealed: Buffer
}

/** Null for what `seal` does not make. */
export function parseSealed(text: string): Sealed | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { format, key, nonce, sealed } = value as Record<string, unknown>
  if (format !== 1 || typeof key !== 'string' || typeof nonce !== 'string' || typeof sealed !== 'string') return null
  const parsed = { key, nonce: Buffer.from(nonce, 'base64'), sealed: Buffer.from(sealed, 'base64') }
  const fits = parsed.nonce.byteLength === NONCE_BYTES && parsed.sealed.byteLength >= TAG_BYTES
  return fits && /^[0-9a-f]{16}$/.test(key) ? parsed : null
}

/** Null when it was not sealed with this key for this path, or was changed since. */
export function unseal(key: MasterKey, path: string, { nonce, sealed }: Sealed): string | null {
  const end = sealed.byteLength - TAG_BYTES
  const decipher = createDecipheriv(ALGORITHM, key.bytes, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(authenticated(key.id, path)).setAuthTag(sealed.subarray(end))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

function authenticated(id: string, path: string): Buffer {
  return Buffer.from(`vigo-secret:1:${id}:${path}`)
}
