import { WireError } from './errors.ts'

/** Git's pkt-line: four hex digits of length, which count themselves, then that many bytes less four. 0000 flush, 0001 delimiter, 0002 end. */
export type Packet = 'flush' | 'delimiter' | 'end' | Uint8Array

export const FLUSH = '0000'
export const DELIMITER = '0001'
const MAX_PACKET_BYTES = 65_520

export function pktLine(text: string): string {
  return `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, '0')}${text}`
}

/** Cuts bytes, in whatever pieces they come, into packets. @throws WireError 'malformed' */
export class PacketReader {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Null at the end. */
  async next(): Promise<Packet | null> {
    if (!(await this.#fill(4))) {
      if (this.#held.byteLength > 0) throw new WireError('malformed', 'the answer ends inside a packet')
      return null
    }
    const digits = this.#held.toString('latin1', 0, 4)
    if (!/^[0-9a-f]{4}$/i.test(digits)) throw new WireError('malformed', 'the answer is not made of git packets')
    const length = Number.parseInt(digits, 16)
    if (length <= 3) {
      this.#held = this.#held.subarray(4)
      const special = (['flush', 'delimiter', 'end'] as const)[length]
      if (special === undefined) throw new WireError('malformed', `a packet has the length ${length}`)
      return special
    }
    if (length > MAX_PACKET_BYTES) throw new WireError('malformed', `a packet has ${length} bytes`)
    if (!(await this.#fill(length))) throw new WireError('malformed', 'the answer ends inside a packet')
    const packet = this.#held.subarray(4, length)
    this.#held = this.#held.subarray(length)
    return packet
  }

  async #fill(bytes: number): Promise<boolean> {
    if (this.#held.byteLength >= bytes) return true
    const parts: Uint8Array[] = [this.#held]
    let size = this.#held.byteLength
    while (size < bytes) {
      const { value, done } = await this.#source.next()
      if (done === true) break
      parts.push(value)
      size += value.byteLength
    }
    this.#held = Buffer.concat(parts)
    return size >= bytes
  }
}
