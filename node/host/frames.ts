/**
 * Frames on a byte stream, the form of every Vigo protocol.
 *
 * A frame is an unsigned varint (LEB128, shortest form, at most 2^32 - 1) that gives the length of the body, then the
 * body. An empty body is a frame. Both sides know the largest body that their protocol allows; a longer one, a varint
 * that is not in shortest form, or an end of stream inside a frame is an error, and the stream is reset. There is no
 * other structure: what a body means, and who speaks when, is the protocol's business.
 */

import { Uint8ArrayList } from 'uint8arraylist'
import { encodeVarint } from '#node/kit'
import { HostError } from './errors.ts'

const MAX_PREFIX_BYTES = 5
/** A body of at most so many bytes has a prefix of one byte. */
const MAX_SMALL_BODY_BYTES = 0x7f

/** What an empty body is on the wire. */
export const EMPTY_FRAME: Uint8Array = Uint8Array.of(0)

/** The frame's bytes, by reference: no part is copied. */
export function encodeFrame(parts: Uint8Array | readonly Uint8Array[]): Uint8ArrayList {
  if (parts instanceof Uint8Array) return new Uint8ArrayList(encodeVarint(parts.byteLength), parts)
  let length = 0
  for (const part of parts) length += part.byteLength
  return new Uint8ArrayList(encodeVarint(length), ...parts)
}

/** Cuts a stream of bytes into frames whose pieces are views of what was pushed. */
export class FrameDecoder {
  readonly #maxFrameBytes: number
  readonly #bytes = new Uint8ArrayList()
  #bodyLength = -1

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Bytes held: of complete frames and of the one that is still arriving. */
  get heldBytes(): number {
    return this.#bytes.byteLength
  }

  /** True inside a frame: ending here would cut one off. */
  get insideFrame(): boolean {
    return this.#bodyLength >= 0 || this.#bytes.byteLength > 0
  }

  /** The body, when nothing is held and these bytes, which were not pushed, are one whole small frame; else null. */
  smallFrame(bytes: Uint8Array | Uint8ArrayList): Uint8Array | null {
    if (this.insideFrame || !(bytes instanceof Uint8Array) || bytes.byteLength > MAX_SMALL_BODY_BYTES + 1) return null
    const length = bytes.byteLength - 1
    return bytes[0] === length && length <= this.#maxFrameBytes ? bytes.subarray(1) : null
  }

  push(bytes: Uint8Array | Uint8ArrayList): void {
    this.#bytes.append(bytes)
  }

  /** Is a whole frame there? @throws HostError with code 'malformed' or 'too-large' */
  ready(): boolean {
    if (this.#bodyLength < 0 && !this.#readPrefix()) return false
    return this.#bytes.byteLength >= this.#bodyLength
  }

  /** The next whole frame, or null. @throws HostError with code 'malformed' or 'too-large' */
  next(): Uint8ArrayList | null {
    if (!this.ready()) return null
    const length = this.#bodyLength
    this.#bodyLength = -1
    if (length === 0) return new Uint8ArrayList()
    const frame = this.#bytes.sublist(0, length)
    this.#bytes.consume(length)
    return frame
  }

  clear(): void {
    this.#bytes.consume(this.#bytes.byteLength)
    this.#bodyLength = -1
  }

  #readPrefix(): boolean {
    let value = 0
    for (let i = 0; i < MAX_PREFIX_BYTES; i++) {
      if (i >= this.#bytes.byteLength) return false
      const byte = this.#bytes.get(i)
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte >= 0x80) continue
      if (byte === 0 && i > 0) throw new HostError('malformed', 'the length of a frame is not in its shortest form')
      if (value > this.#maxFrameBytes) {
        throw new HostError('too-large', `a frame of ${value} bytes is above the limit of ${this.#maxFrameBytes}`)
      }
      this.#bytes.consume(i + 1)
      this.#bodyLength = value
      return true
    }
    throw new HostError('malformed', `the length of a frame has more than ${MAX_PREFIX_BYTES} bytes`)
  }
}
