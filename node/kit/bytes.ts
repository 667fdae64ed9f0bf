import { createHash, hash } from 'node:crypto'

const HEX = /^(?:[0-9a-f]{2})*$/

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** @throws RangeError when the text is not lower-case hex of whole bytes. */
export function fromHex(text: string): Uint8Array {
  if (!HEX.test(text)) throw new RangeError('not lower-case hex')
  return new Uint8Array(Buffer.from(text, 'hex'))
}

export function isHex(text: unknown, byteLength: number): text is string {
  return typeof text === 'string' && text.length === byteLength * 2 && HEX.test(text)
}

export function sha256(...parts: (Uint8Array | string)[]): Uint8Array {
  const all = createHash('sha256')
  for (const part of parts) all.update(part)
  return new Uint8Array(all.digest())
}

export function sha256Hex(...parts: (Uint8Array | string)[]): string {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return hash('sha256', only, 'hex')
  const all = createHash('sha256')
  for (const part of parts) all.update(part)
  return all.digest('hex')
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(a, b) === 0
}

export function concatBytes(...parts: Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.byteLength
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.byteLength
  }
  return out
}

const UNITS: Record<string, number> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
}

/** Reads `2147483648`, `64MiB`, `1.5 GB`. @throws RangeError */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt]i?)b?|b)?$/i.exec(text.trim())
  const unit = UNITS[(match?.[2] ?? '').toLowerCase()]
  if (!match || unit === undefined) throw new RangeError(`'${text}' is not a size; write for example 64MiB or 2GB`)
  return Math.round(Number(match[1]) * unit)
}

/** For people: `118.4 MiB`. */
export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1024) return `${Math.round(sizeBytes)} B`
  const names = ['KiB', 'MiB', 'GiB', 'TiB']
  let value = sizeBytes
  let name = 'B'
  for (const next of names) {
    if (value < 1024) break
    value /= 1024
    name = next
  }
  return `${value.toFixed(1)} ${name}`
}

/** An object without a prototype, safe to key with text from outside (`constructor` is a name like any other). */
export function dictionary<T>(entries: Iterable<readonly [string, T]> = []): Record<string, T> {
  const empty: Record<string, T> = Object.create(null)
  for (const [key, value] of entries) empty[key] = value
  return empty
}
