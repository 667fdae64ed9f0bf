/** The part of DER (X.690) that certificates are made of: definite lengths of at most four bytes, tags of one byte. */

export const DER = {
  boolean: 0x01,
  octetString: 0x04,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** `[n]`, constructed. */
  context: (n: number) => 0xa0 | n,
} as const

export interface DerValue {
  readonly tag: number
  /** With tag and length. */
  readonly whole: Uint8Array
  readonly content: Uint8Array
}

/** Reads values one after the other. @throws RangeError on anything that is cut off or has no such form */
export class DerReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isDone(): boolean {
    return this.#at === this.#bytes.byteLength
  }

  /** The next value, of that tag if one is given. */
  next(tag?: number): DerValue {
    const from = this.#at
    const found = this.#byte()
    if ((found & 0x1f) === 0x1f) throw new RangeError('a tag of more than one byte')
    if (tag !== undefined && found !== tag) throw new RangeError(`tag ${found} where ${tag} must be`)
    const length = this.#length()
    const start = this.#at
    if (length > this.#bytes.byteLength - start) throw new RangeError('a value is cut off')
    this.#at = start + length
    return { tag: found, whole: this.#bytes.subarray(from, this.#at), content: this.#bytes.subarray(start, this.#at) }
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0 || count > 4) throw new RangeError('a length of a form that DER does not have')
    let length = 0
    for (let i = 0; i < count; i++) length = length * 0x100 + this.#byte()
    return length
  }

  #byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new RangeError('a value is cut off')
    this.#at++
    return byte
  }
}
