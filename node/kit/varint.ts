import { concatBytes } from './bytes.ts'

/** Unsigned LEB128 up to 2^53 - 1, in its shortest form only (the form of the multiformats unsigned varint). */
export function encodeVarint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`varint out of range: ${value}`)
  const out: number[] = []
  let rest = value
  while (rest >= 0x80) {
    out.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  out.push(rest)
  return Uint8Array.from(out)
}

/**
 * Reads a message field by field and refuses what is cut off, too long or not in shortest form.
 * Every method throws `RangeError` on bad input; codecs turn that into their own error.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.byteLength - this.#at
  }

  byte(): number {
    const value = this.#bytes[this.#at]
    if (value === undefined) throw new RangeError('message is cut off')
    this.#at++
    return value
  }

  varint(max = Number.MAX_SAFE_INTEGER): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.byte()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && i > 0) throw new RangeError('varint is not in shortest form')
        if (value > max) throw new RangeError(`number ${value} is above the limit ${max}`)
        return value
      }
      scale *= 0x80
    }
    throw new RangeError('varint is too long')
  }

  /** A view into the message, not a copy. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw new RangeError('message is cut off')
    const view = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return view
  }

  /** Length-prefixed bytes. */
  block(maxBytes: number): Uint8Array {
    return this.bytes(this.varint(maxBytes))
  }

  text(maxBytes: number): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.block(maxBytes))
  }

  end(): void {
    if (this.remaining !== 0) throw new RangeError(`${this.remaining} bytes after the end of the message`)
  }
}

/** Length-prefixed bytes, the counterpart of `ByteReader.block`. */
export function encodeBlock(bytes: Uint8Array): Uint8Array {
  return concatBytes(encodeVarint(bytes.byteLength), bytes)
}

export function encodeText(text: string): Uint8Array {
  return encodeBlock(new TextEncoder().encode(text))
}
