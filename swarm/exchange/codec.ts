/**
 * `/vigo/blobs/1`: one member asks, another answers with chunks of content-addressed blobs.
 *
 * Participants. The side that opens the stream asks, the other answers; each side opens its own stream to ask, so there is
 * at most one stream per peer and direction of asking, and it carries any number of blobs.
 *
 * Goals. Several sources for one blob; partial holders answer for what they have verified; memory on both sides bounded;
 * every byte attributable to the peer that sent it. Non-goals. Trust in the sender (the asker verifies every chunk against
 * the manifest and the manifest against the catalog entry), discovery beyond hints, privacy among members.
 *
 * Messages. Each is one length-prefixed frame; the first byte is its kind, then fields. `v` is an unsigned varint in
 * shortest form, `sha` is 32 raw bytes, `peer` is a length-prefixed peer id text of at most 128 printable ASCII bytes.
 *
 * | kind | asker sends | fields |
 * |---|---|---|
 * | 0x01 | WHO | v id, byte flags (1: I want these now), v count (1..256), sha blob * count |
 * | 0x02 | HAVE | v handle, byte flags (1: replica, serve pulls first), sha blob; starts a subscription, `handle` names it |
 * | 0x03 | DROP | v handle; ends the subscription and everything asked with it |
 * | 0x04 | MANIFEST | v id, sha hash of the manifest's bytes |
 * | 0x05 | GET | v id, v handle, v chunk, v offset, v length, byte flags (1: force) |
 * | 0x06 | CANCEL | v id; frames under way may still arrive |
 *
 * | kind | answerer sends | fields |
 * |---|---|---|
 * | 0x41 | WHO | v id, v count, per blob in the order asked: byte holds (0 none, 1 partial, 2 complete), v hints (0..8), peer * hints |
 * | 0x42 | HAVE | v handle, byte holds, byte flags (1: several askers), v chunk count, bitfield iff partial |
 * | 0x43 | ALSO | v handle, v count (1..4096), v chunk * count; chunks that arrived after HAVE |
 * | 0x44 | MANIFEST | v id, v total size, v offset, bytes |
 * | 0x45 | DATA | v id, v offset within the chunk, bytes (1..1 MiB) |
 * | 0x46 | DECLINE | v id, byte reason, v retry after (ms), v hints (0..8), peer * hints |
 *
 * Ids and handles are chosen by the asker and increase within a stream. A WHO is answered once; members that want a blob
 * remember who else wants it (that is what flag 1 is for) and name each other as hints. HAVE is answered at once and again
 * whenever what it says changes (a copy begins, becomes complete, gets its second asker); ALSO follows for single
 * chunks. GET is answered by DATA frames in rising offset that cover exactly the asked range, unless one DECLINE ends it; GETs
 * of one stream are answered in order. A MANIFEST is answered by parts in rising offset, or by one DECLINE.
 *
 * Declining. Reasons: 1 not held, 2 busy (too much asked at once), 3 seeding (just given to another asker; take it from the
 * peers in the hints, or ask again after the given time), 4 unknown blob or manifest, 5 unreadable here. A complete
 * holder that several members ask at once hands each chunk to one of them and lets them spread it: it may decline with
 * reason 3 for a bounded time, never a GET with `force`, which an asker sets when nobody else can give it the chunk.
 *
 * Limits. Asker's frames 16 KiB; answers 1 MiB of payload plus 64 bytes. Per stream: 64 subscriptions, 256 GETs not yet
 * answered, 64 MiB asked and not yet sent. More is declined as busy; twice as much, a frame that does not parse, an id or
 * handle used twice, or a range outside the chunk resets the stream. A side that takes no byte for 30 s is dropped.
 *
 * Missing data. Whoever lacks a blob says so (HAVE with holds 0, DECLINE 1 or 4); silence is a fault and ends in the asker's
 * deadline.
 */
import type { PeerId } from '#node/host'
import { ByteReader, concatBytes, encodeBlock, encodeVarint, fromHex, toHex } from '#node/kit'
import { Bitfield, type Sha256Hex } from '#swarm/chunk'
import { ExchangeError } from './errors.ts'

export const BLOBS_PROTOCOL = '/vigo/blobs/1'
export const MAX_PAYLOAD = 1024 * 1024
export const MAX_ANSWER_FRAME = MAX_PAYLOAD + 64
export const MAX_ASK_FRAME = 16 * 1024
export const MAX_WHO = 256
export const MAX_HINTS = 8
export const MAX_ALSO = 4096
/** 8 TiB at the format's average chunk; the bitfield of that many fills one frame. */
export const MAX_CHUNKS = MAX_PAYLOAD * 8

export type Holds = 'none' | 'partial' | 'complete'
export type DeclineReason = 'not-held' | 'busy' | 'seeding' | 'unknown' | 'unreadable'

export type Ask =
  | { kind: 'who'; id: number; wanting: boolean; blobs: readonly Sha256Hex[] }
  | { kind: 'have'; handle: number; replica: boolean; blob: Sha256Hex }
  | { kind: 'drop'; handle: number }
  | { kind: 'manifest'; id: number; hash: Sha256Hex }
  | { kind: 'get'; id: number; handle: number; chunk: number; offset: number; length: number; force: boolean }
  | { kind: 'cancel'; id: number }

export interface WhoAnswer {
  readonly holds: Holds
  readonly hints: readonly PeerId[]
}

export type Answer =
  | { kind: 'who'; id: number; answers: readonly WhoAnswer[] }
  | { kind: 'have'; handle: number; holds: Holds; several: boolean; chunkCount: number; bits: Bitfield | null }
  | { kind: 'also'; handle: number; chunks: readonly number[] }
  | { kind: 'manifest'; id: number; total: number; offset: number; bytes: Uint8Array }
  | { kind: 'data'; id: number; offset: number; bytes: Uint8Array }
  | { kind: 'decline'; id: number; reason: DeclineReason; retryAfterMs: number; hints: readonly PeerId[] }

const ASK = { who: 0x01, have: 0x02, drop: 0x03, manifest: 0x04, get: 0x05, cancel: 0x06 } as const
const ANSWER = { who: 0x41, have: 0x42, also: 0x43, manifest: 0x44, data: 0x45, decline: 0x46 } as const
const HOLDS: readonly Holds[] = ['none', 'partial', 'complete']
const REASONS: readonly (DeclineReason | null)[] = [null, 'not-held', 'busy', 'seeding', 'unknown', 'unreadable']
const MAX_ID = 2 ** 48
const MAX_PEER_ID = 128
const MAX_RETRY_MS = 600_000

export function encodeAsk(ask: Ask): Uint8Array {
  switch (ask.kind) {
    case 'who':
      return frame(ASK.who, v(ask.id), flag(ask.wanting), v(ask.blobs.length), ...ask.blobs.map(fromHex))
    case 'have':
      return frame(ASK.have, v(ask.handle), flag(ask.replica), fromHex(ask.blob))
    case 'drop':
      return frame(ASK.drop, v(ask.handle))
    case 'manifest':
      return frame(ASK.manifest, v(ask.id), fromHex(ask.hash))
    case 'get':
      return frame(
        ASK.get,
        ...[ask.id, ask.handle, ask.chunk, ask.offset, ask.length].map(encodeVarint),
        flag(ask.force),
      )
    case 'cancel':
      return frame(ASK.cancel, v(ask.id))
  }
}

/** @throws ExchangeError 'malformed' */
export function decodeAsk(bytes: Uint8Array): Ask {
  return strict('a question', bytes, (kind, r): Ask => {
    switch (kind) {
      case ASK.who: {
        const id = r.varint(MAX_ID)
        const wanting = readFlag(r)
        const count = atLeastOne(r.varint(MAX_WHO))
        return { kind: 'who', id, wanting, blobs: times(count, () => toHex(r.bytes(32))) }
      }
      case ASK.have:
        return { kind: 'have', handle: r.varint(MAX_ID), replica: readFlag(r), blob: toHex(r.bytes(32)) }
      case ASK.drop:
        return { kind: 'drop', handle: r.varint(MAX_ID) }
      case ASK.manifest:
        return { kind: 'manifest', id: r.varint(MAX_ID), hash: toHex(r.bytes(32)) }
      case ASK.get:
        return {
          kind: 'get',
          id: r.varint(MAX_ID),
          handle: r.varint(MAX_ID),
          chunk: r.varint(MAX_CHUNKS),
          offset: r.varint(2 ** 32),
          length: atLeastOne(r.varint(2 ** 32)),
          force: readFlag(r),
        }
      case ASK.cancel:
        return { kind: 'cancel', id: r.varint(MAX_ID) }
      default:
        throw new RangeError(`unknown kind 0x${kind.toString(16)}`)
    }
  })
}

export function encodeAnswer(answer: Answer): Uint8Array {
  switch (answer.kind) {
    case 'who':
      return frame(
        ANSWER.who,
        v(answer.id),
        v(answer.answers.length),
        ...answer.answers.flatMap(({ holds, hints }) => [byte(HOLDS.indexOf(holds)), ...peers(hints)]),
      )
    case 'have':
      return frame(
        ANSWER.have,
        v(answer.handle),
        byte(HOLDS.indexOf(answer.holds)),
        flag(answer.several),
        v(answer.chunkCount),
        answer.bits?.encode() ?? new Uint8Array(0),
      )
    case 'also':
      return frame(ANSWER.also, v(answer.handle), v(answer.chunks.length), ...answer.chunks.map(encodeVarint))
    case 'manifest':
      return frame(ANSWER.manifest, v(answer.id), v(answer.total), v(answer.offset), answer.bytes)
    case 'data':
      return concatBytes(dataHeader(answer.id, answer.offset), answer.bytes)
    case 'decline':
      return frame(
        ANSWER.decline,
        v(answer.id),
        byte(REASONS.indexOf(answer.reason)),
        v(answer.retryAfterMs),
        ...peers(answer.hints),
      )
  }
}

/** What goes before a DATA frame's bytes, so that they can be sent without a copy. */
export function dataHeader(id: number, offset: number): Uint8Array {
  return frame(ANSWER.data, v(id), v(offset))
}

/** Longest header that `dataHeader` makes. */
export const MAX_DATA_HEADER = 1 + 8 + 8

/**
 * Reads only the header of a DATA frame from its first bytes; null for another kind. `headerBytes` says where the payload begins.
 * @throws ExchangeError 'malformed'
 */
export function decodeDataHeader(
  start: Uint8Array,
  frameBytes: number,
): { id: number; offset: number; headerBytes: number } | null {
  if (start[0] !== ANSWER.data) return null
  return wrap('a data frame', () => {
    const r = new ByteReader(start)
    r.byte()
    const id = r.varint(MAX_ID)
    const offset = r.varint(2 ** 32)
    const headerBytes = start.byteLength - r.remaining
    atLeastOne(frameBytes - headerBytes)
    return { id, offset, headerBytes }
  })
}

/** @throws ExchangeError 'malformed' */
export function decodeAnswer(bytes: Uint8Array): Answer {
  return strict('an answer', bytes, (kind, r): Answer => {
    switch (kind) {
      case ANSWER.who: {
        const id = r.varint(MAX_ID)
        const count = r.varint(MAX_WHO)
        return { kind: 'who', id, answers: times(count, () => ({ holds: readHolds(r), hints: readPeers(r) })) }
      }
      case ANSWER.have: {
        const handle = r.varint(MAX_ID)
        const holds = readHolds(r)
        const several = readFlag(r)
        const chunkCount = r.varint(MAX_CHUNKS)
        const bits = holds === 'partial' ? Bitfield.decode(r.bytes((chunkCount + 7) >>> 3), chunkCount) : null
        return { kind: 'have', handle, holds, several, chunkCount, bits }
      }
      case ANSWER.also: {
        const handle = r.varint(MAX_ID)
        const count = atLeastOne(r.varint(MAX_ALSO))
        return { kind: 'also', handle, chunks: times(count, () => r.varint(MAX_CHUNKS)) }
      }
      case ANSWER.manifest: {
        const id = r.varint(MAX_ID)
        const total = r.varint()
        const offset = r.varint(total)
        return { kind: 'manifest', id, total, offset, bytes: r.bytes(atLeastOne(r.remaining)) }
      }
      case ANSWER.data: {
        const id = r.varint(MAX_ID)
        const offset = r.varint(2 ** 32)
        return { kind: 'data', id, offset, bytes: r.bytes(atLeastOne(r.remaining)) }
      }
      case ANSWER.decline: {
        const id = r.varint(MAX_ID)
        const reason = REASONS[r.byte()]
        if (!reason) throw new RangeError('unknown reason')
        return { kind: 'decline', id, reason, retryAfterMs: r.varint(MAX_RETRY_MS), hints: readPeers(r) }
      }
      default:
        throw new RangeError(`unknown kind 0x${kind.toString(16)}`)
    }
  })
}

const v = encodeVarint
const byte = (value: number): Uint8Array => Uint8Array.of(value)
const flag = (value: boolean): Uint8Array => byte(value ? 1 : 0)
const frame = (kind: number, ...fields: Uint8Array[]): Uint8Array => concatBytes(byte(kind), ...fields)
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

function peers(ids: readonly PeerId[]): Uint8Array[] {
  return [v(ids.length), ...ids.map(id => encodeBlock(new TextEncoder().encode(id)))]
}

function readPeers(r: ByteReader): PeerId[] {
  return times(r.varint(MAX_HINTS), () => {
    const id = r.text(MAX_PEER_ID)
    if (!/^[\x21-\x7e]+$/.test(id)) throw new RangeError('not a peer id')
    return id
  })
}

function readFlag(r: ByteReader): boolean {
  const value = r.byte()
  if (value > 1) throw new RangeError(`unknown flags 0x${value.toString(16)}`)
  return value === 1
}

function readHolds(r: ByteReader): Holds {
  const holds = HOLDS[r.byte()]
  if (!holds) throw new RangeError('neither none, partial nor complete')
  return holds
}

function atLeastOne(count: number): number {
  if (count < 1) throw new RangeError('nothing where something must be')
  return count
}

function strict<T>(what: string, bytes: Uint8Array, read: (kind: number, r: ByteReader) => T): T {
  return wrap(what, () => {
    const r = new ByteReader(bytes)
    const value = read(r.byte(), r)
    r.end()
    return value
  })
}

function wrap<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ExchangeError('malformed', `${what} of ${BLOBS_PROTOCOL} is malformed: ${why}`, { cause: error })
  }
}
