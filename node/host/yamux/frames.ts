/**
 * Frames of yamux, version 0 (hashicorp/yamux, spec.md): twelve bytes, and after those of a DATA frame as many as its length says.
 *
 *     0 version   1 type   2-3 flags   4-7 stream   8-11 length; all big-endian
 */

export const HEADER_BYTES = 12

export const TYPE = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const
export const FLAG = { syn: 1, ack: 2, fin: 4, reset: 8 } as const
/** Why a side goes away. */
export const GO_AWAY = { normally: 0, protocolError: 1, internalError: 2 } as const

export interface Header {
  readonly type: number
  readonly flags: number
  /** 0: the connection itself. */
  readonly stream: number
  /** Of the data that follows, a growth of the window, an opaque number, or a reason: whatever the type says. */
  readonly length: number
}

/** @throws YamuxError for another version */
export function readHeader(bytes: Uint8Array, at: number): Header {
  if (bytes[at] !== 0) throw new YamuxError(`yamux version ${bytes[at]} is none that we speak`)
  return {
    type: bytes[at + 1] ?? 0,
    flags: ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0),
    stream: word(bytes, at + 4),
    length: word(bytes, at + 8),
  }
}

export function writeHeader(bytes: Uint8Array, { type, flags, stream, length }: Header): void {
  bytes[0] = 0
  bytes[1] = type
  bytes[2] = flags >>> 8
  bytes[3] = flags
  putWord(bytes, 4, stream)
  putWord(bytes, 8, length)
}

/** The other side does not keep to the protocol; the connection is ended. */
export class YamuxError extends Error {
  override readonly name = 'YamuxError'
}

function word(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
  return (bytes[at] ?? 0) * 0x1000000 + low
}

function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
