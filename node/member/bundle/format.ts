import { createHash } from 'node:crypto'
import { VigoError } from '#node/kit'

/*
 * A bundle: everything that a fleet without a connection needs, in one file that moves on a stick.
 *
 *     "vigo bundle 1\n\0\0", 16 bytes
 *     frames: byte kind || 4 bytes length, big-endian || payload
 *
 *     1 head       JSON { fleet, createdAt, since, hostname }; first
 *     2 record     text topic (1 byte length, then ASCII) || envelope; rosters first, then names, catalog, refs
 *     3 blob       JSON { sha, sizeBytes }, then data frames of so many bytes, then `end of part`
 *     4 data       at most 1 MiB
 *     5 project    JSON { project, tips }, then data frames of one pack, then `end of part`
 *     6 end of part
 *     7 end        JSON { records, blobs, projects, sha256 }; last. The hash is over all bytes before this frame
 *
 * Nothing in it is believed for being in it: records are verified as if a stranger had sent them, a blob is kept when a signed entry names
 * it, objects are kept when a signed update names their commit. The hash only tells a file that was cut off or damaged from a whole one.
 */

/** - `malformed`: the file is no bundle, is damaged or cut off; - `wrong-fleet`: it is another fleet's */
export class BundleError extends VigoError<'malformed' | 'wrong-fleet'> {}

export const MAGIC = new TextEncoder().encode('vigo bundle 1\n\0\0')
export const KINDS = { head: 1, record: 2, blob: 3, data: 4, project: 5, endOfPart: 6, end: 7 } as const
export type Kind = keyof typeof KINDS

const MAX_FRAME_BYTES = 8 * 1024 * 1024
export const DATA_BYTES = 1024 * 1024
const HEADER_BYTES = 5

export interface Frame {
  readonly kind: Kind
  readonly payload: Uint8Array
}

export interface Head {
  readonly fleet: string
  readonly createdAt: number
  /** Unix milliseconds; blobs and commits from before are left out. 0: everything. */
  readonly since: number
  readonly hostname: string
}

export interface Totals {
  readonly records: number
  readonly blobs: number
  readonly projects: number
}

/** Frames to bytes; keeps the hash that the last frame carries. */
export class BundleWriter {
  readonly #hash = createHash('sha256')
  #isBegun = false

  frame(kind: Kind, payload: Uint8Array | object): Uint8Array {
    const bytes = payload instanceof Uint8Array ? payload : new TextEncoder().encode(JSON.stringify(payload))
    const magic = this.#isBegun ? new Uint8Array() : MAGIC
    this.#isBegun = true
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt8(KINDS[kind], 0)
    header.writeUInt32BE(bytes.byteLength, 1)
    const whole = Buffer.concat([magic, header, bytes])
    this.#hash.update(whole)
    return whole
  }

  end(totals: Totals): Uint8Array {
    return this.frame('end', { ...totals, sha256: this.#hash.copy().digest('hex') })
  }
}

/**
 * Frames of a bundle, in whatever pieces its bytes come.
 * @throws BundleError 'malformed' where it is cut off, damaged or goes on after its end
 */
export async function* readFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const bytes = new Pieces(source)
  const hash = createHash('sha256')
  const magic = await bytes.take(MAGIC.byteLength)
  if (magic === null || !Buffer.from(magic).equals(MAGIC)) throw new BundleError('malformed', 'this file is no bundle')
  hash.update(magic)
  for (;;) {
    const header = await bytes.take(HEADER_BYTES)
    if (header === null) throw cutOff()
    const kind = (Object.keys(KINDS) as Kind[]).find(name => KINDS[name] === header[0])
    const length = Buffer.from(header).readUInt32BE(1)
    if (kind === undefined || length > MAX_FRAME_BYTES) {
      throw new BundleError('malformed', 'the bundle is damaged: a part has no known kind, or is too long')
    }
    const payload = await bytes.take(length)
    if (payload === null) throw cutOff()
    if (kind === 'end') {
      const { sha256 } = readJson<{ sha256?: unknown }>(payload)
      if (sha256 !== hash.digest('hex')) throw new BundleError('malformed', 'the bundle is damaged: its hash differs')
      if ((await bytes.take(1)) !== null) throw new BundleError('malformed', 'the bundle goes on after its end')
      yield { kind, payload }
      return
    }
    hash.update(header)
    hash.update(payload)
    yield { kind, payload }
  }
}

export function readJson<T>(payload: Uint8Array): T {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T
  } catch {
    // Told below.
  }
  throw new BundleError('malformed', 'the bundle is damaged: a part is not JSON')
}

function cutOff(): BundleError {
  return new BundleError(
    'malformed',
    'the bundle is cut off: what was whole in it is applied; copy the file again and apply it once more',
  )
}

/** Bytes of a stream in the lengths that are asked for. */
class Pieces {
  readonly #source: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Null when the stream ends before. */
  async take(length: number): Promise<Uint8Array | null> {
    const parts: Uint8Array[] = [this.#held]
    let size = this.#held.byteLength
    while (size < length) {
      const { value, done } = await this.#source.next()
      if (done === true) break
      parts.push(value)
      size += value.byteLength
    }
    const all = parts.length === 1 ? this.#held : Buffer.concat(parts)
    if (size < length) {
      this.#held = all
      return null
    }
    this.#held = all.subarray(length)
    return all.subarray(0, length)
  }
}
