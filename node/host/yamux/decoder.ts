import { Uint8ArrayList } from 'uint8arraylist'
import { HEADER_BYTES, type Header, readHeader, TYPE, YamuxError } from './frames.ts'

export type OnFrame = (header: Header, data: Uint8Array | Uint8ArrayList) => void

const NOTHING = new Uint8Array()

/** Cuts what arrives into whole frames. Data are views of what was pushed; most often a piece has whole frames only. */
export class FrameCutter {
  readonly #maxDataBytes: number
  readonly #onFrame: OnFrame
  readonly #held = new Uint8ArrayList()
  /** Of the frame that is arriving. */
  #header: Header | null = null

  /** @param maxDataBytes what one frame may bring: more than any window is, nobody may send */
  constructor(maxDataBytes: number, onFrame: OnFrame) {
    this.#maxDataBytes = maxDataBytes
    this.#onFrame = onFrame
  }

  /** @throws YamuxError, and what the taker of frames throws */
  push(bytes: Uint8Array | Uint8ArrayList): void {
    if (this.#held.byteLength === 0 && bytes instanceof Uint8Array) {
      const used = this.#cut(bytes)
      if (used < bytes.byteLength) this.#held.append(used === 0 ? bytes : bytes.subarray(used))
      return
    }
    this.#held.append(bytes)
    this.#cutHeld()
  }

  /** Whole frames from the start; answers how many bytes those were. */
  #cut(bytes: Uint8Array): number {
    let at = 0
    while (bytes.byteLength - at >= HEADER_BYTES) {
      const header = this.#read(bytes, at)
      const end = at + HEADER_BYTES + dataBytes(header)
      if (end > bytes.byteLength) break
      this.#onFrame(header, header.type === TYPE.data ? bytes.subarray(at + HEADER_BYTES, end) : NOTHING)
      at = end
    }
    return at
  }

  #cutHeld(): void {
    for (;;) {
      if (this.#header === null) {
        if (this.#held.byteLength < HEADER_BYTES) return
        this.#header = this.#read(this.#held.subarray(0, HEADER_BYTES), 0)
      }
      const header = this.#header
      const end = HEADER_BYTES + dataBytes(header)
      if (this.#held.byteLength < end) return
      const data = header.type === TYPE.data ? this.#held.sublist(HEADER_BYTES, end) : NOTHING
      this.#held.consume(end)
      this.#header = null
      this.#onFrame(header, data)
    }
  }

  #read(bytes: Uint8Array, at: number): Header {
    const header = readHeader(bytes, at)
    if (header.type === TYPE.data && header.length > this.#maxDataBytes) {
      throw new YamuxError(`a frame of ${header.length} bytes is more than any window allows`)
    }
    return header
  }
}

function dataBytes({ type, length }: Header): number {
  return type === TYPE.data ? length : 0
}
