import { createHash } from 'node:crypto'
import { ExecutorError } from '../../errors.ts'

/*
 * As much of OpenPGP (RFC 9580) as tells one public key from another: packets, and the fingerprint of a key packet. Done here rather than
 * by `gpg --show-keys`, because a machine needs no gpg to verify its repositories (apt has gpgv, dnf its own), and small ones have none.
 */

/** A public key with everything that belongs to it: user names, subkeys, signatures. */
export interface Certificate {
  /** Of the primary key, upper-case hexadecimal. */
  readonly fingerprint: string
  readonly bytes: Uint8Array
}

const PUBLIC_KEY = 6
const MAX_PACKETS = 10_000
const ARMOR = /-----BEGIN PGP PUBLIC KEY BLOCK-----[^\n]*\n([\s\S]*?)-----END PGP PUBLIC KEY BLOCK-----/g

/** The certificates of a key file, armored or binary. @throws ExecutorError 'unsafe' for what is none */
export function certificatesOf(file: Uint8Array): Certificate[] {
  const bytes = unarmored(file)
  const certificates: Certificate[] = []
  let start = 0
  let fingerprint: string | null = null
  const finish = (end: number) => {
    if (fingerprint !== null) certificates.push({ fingerprint, bytes: bytes.subarray(start, end) })
  }
  for (const packet of packetsOf(bytes)) {
    if (packet.tag !== PUBLIC_KEY) {
      if (fingerprint === null) throw notKeys()
      continue
    }
    finish(packet.start)
    start = packet.start
    fingerprint = fingerprintOf(packet.body)
  }
  finish(bytes.length)
  if (certificates.length === 0) throw notKeys()
  return certificates
}

/** As text, for programs that take no other form. */
export function armored(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const checksum = Buffer.from(crc24(bytes)).toString('base64')
  return [
    '-----BEGIN PGP PUBLIC KEY BLOCK-----',
    '',
    ...lines,
    `=${checksum}`,
    '-----END PGP PUBLIC KEY BLOCK-----',
    '',
  ].join('\n')
}

/** Hexadecimal without spaces, in capitals. */
export function normalFingerprint(text: string): string {
  return text.replaceAll(/\s/g, '').toUpperCase()
}

function unarmored(file: Uint8Array): Buffer {
  const bytes = Buffer.from(file)
  const blocks = [...bytes.toString('latin1').matchAll(ARMOR)]
  if (blocks.length === 0) return bytes
  return Buffer.concat(
    blocks.map(([, inside = '']) => {
      const text = inside.replaceAll('\r', '')
      const blank = text.indexOf('\n\n')
      // Headers end with an empty line; without headers the block begins with one.
      const body = text.startsWith('\n') ? text : blank === -1 ? text : text.slice(blank)
      return Buffer.from(body.replaceAll(/^=.*$/gm, ''), 'base64')
    }),
  )
}

function* packetsOf(bytes: Buffer): Generator<{ tag: number; start: number; body: Buffer }> {
  let at = 0
  for (let count = 0; at < bytes.length; count++) {
    if (count > MAX_PACKETS) throw notKeys()
    const start = at
    const head = bytes[at++] ?? 0
    if ((head & 0x80) === 0) throw notKeys()
    const isNew = (head & 0x40) !== 0
    const length = isNew ? newLength(bytes, at) : oldLength(bytes, at, head & 3)
    const from = at + length.octets
    at = from + length.value
    if (at > bytes.length) throw notKeys()
    yield { tag: isNew ? head & 0x3f : (head >> 2) & 0x0f, start, body: bytes.subarray(from, at) }
  }
}

interface Length {
  readonly octets: number
  readonly value: number
}

function oldLength(bytes: Buffer, at: number, kind: number): Length {
  // 3 is a packet without end, which no key is.
  if (kind === 3) throw notKeys()
  const octets = 1 << kind
  if (at + octets > bytes.length) throw notKeys()
  return { octets, value: bytes.readUIntBE(at, octets) }
}

function newLength(bytes: Buffer, at: number): Length {
  const first = bytes[at] ?? 0
  if (first < 192) return { octets: 1, value: first }
  if (first < 224) return { octets: 2, value: ((first - 192) << 8) + (bytes[at + 1] ?? 0) + 192 }
  // The rest are lengths of parts, which only data packets have.
  if (first !== 255 || at + 5 > bytes.length) throw notKeys()
  return { octets: 5, value: bytes.readUInt32BE(at + 1) }
}

function fingerprintOf(body: Buffer): string {
  const version = body[0]
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  if (version === 4) {
    if (body.length > 0xffff) throw notKeys()
    return digest('sha1', Buffer.of(0x99), length.subarray(2), body)
  }
  if (version === 5) return digest('sha256', Buffer.of(0x9a), length, body)
  if (version === 6) return digest('sha256', Buffer.of(0x9b), length, body)
  throw new ExecutorError(
    'unsafe',
    `the key has version ${version ?? 'none'}, which is too old to be trusted; ask for a newer key`,
  )
}

function digest(algorithm: string, ...parts: readonly Uint8Array[]): string {
  const hash = createHash(algorithm)
  for (const part of parts) hash.update(part)
  return hash.digest('hex').toUpperCase()
}

function crc24(bytes: Uint8Array): number[] {
  let crc = 0xb704ce
  for (const byte of bytes) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb
    }
  }
  return [(crc >> 16) & 255, (crc >> 8) & 255, crc & 255]
}

function notKeys(): ExecutorError {
  return new ExecutorError('unsafe', 'what was fetched is no OpenPGP public key; check key_url')
}
