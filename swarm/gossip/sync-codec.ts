import { ByteReader, concatBytes, encodeBlock, encodeText, encodeVarint, fromHex, toHex } from '#node/kit'
import { MAX_ENVELOPE_BYTES } from '#swarm/record'
import { BUCKETS, DIGEST_BYTES, type Row } from './record-table.ts'

/**
 * `/vigo/sync/1`: anti-entropy between any two members.
 *
 * Goal: after one run both hold the union of what both held, at a cost of 4 KiB per topic when nothing differs. Not a goal:
 * speed of news (gossip does that). For each topic in turn, the asker (A) and the answerer (B):
 *
 *     A  DIGEST  topic, 256 digests of 16 bytes
 *     B  ROWS…   the rows of the buckets whose digest differs, in frames of at most 4,096 rows; the last one says so
 *     A  WANT…   the rows that A lacks; then DONE
 *     B  RECORDS…, DONE
 *     A  RECORDS…  what B lacks of those buckets; then DONE
 *     B  DONE
 *
 * Records travel as envelopes and are judged by the receiver's record set, each for itself. A record that is refused ends the
 * run and is logged with the sender. A row that vanished meanwhile is left out. Limits: frames of 4.3 MiB, 131,072 rows per
 * topic, 60 s per topic.
 */
export const SYNC_PROTOCOL = '/vigo/sync/1'
export const MAX_SYNC_FRAME_BYTES = MAX_ENVELOPE_BYTES + 1024
export const MAX_ROWS_PER_FRAME = 4096
export const MAX_ROWS_PER_TOPIC = 131_072
/** Records are gathered into frames of about this size. */
export const RECORDS_FRAME_BYTES = 256 * 1024

export type SyncMessage =
  | { readonly type: 'digest'; readonly topic: string; readonly digests: Uint8Array }
  | { readonly type: 'rows'; readonly differs: Uint8Array; readonly rows: readonly Row[]; readonly last: boolean }
  | { readonly type: 'want'; readonly rows: readonly Row[] }
  | { readonly type: 'records'; readonly envelopes: readonly Uint8Array[] }
  | { readonly type: 'done' }

const TAGS = { digest: 1, rows: 2, want: 3, records: 4, done: 5 } as const

export function encodeSync(message: SyncMessage): Uint8Array {
  const tag = Uint8Array.of(TAGS[message.type])
  switch (message.type) {
    case 'digest':
      return concatBytes(tag, encodeText(message.topic), message.digests)
    case 'rows':
      return concatBytes(tag, Uint8Array.of(message.last ? 1 : 0), message.differs, encodeRows(message.rows))
    case 'want':
      return concatBytes(tag, encodeRows(message.rows))
    case 'records':
      return concatBytes(tag, ...message.envelopes.map(encodeBlock))
    case 'done':
      return tag
  }
}

/** @throws RangeError */
export function decodeSync(bytes: Uint8Array): SyncMessage {
  const reader = new ByteReader(bytes)
  const message = decodeBody(reader.byte(), reader)
  reader.end()
  return message
}

function decodeBody(tag: number, reader: ByteReader): SyncMessage {
  switch (tag) {
    case TAGS.digest:
      return { type: 'digest', topic: reader.text(32), digests: reader.bytes(BUCKETS * DIGEST_BYTES).slice() }
    case TAGS.rows: {
      const last = reader.byte()
      if (last > 1) throw new RangeError(`bad flag ${last}`)
      return { type: 'rows', last: last === 1, differs: reader.bytes(BUCKETS / 8).slice(), rows: decodeRows(reader) }
    }
    case TAGS.want:
      return { type: 'want', rows: decodeRows(reader) }
    case TAGS.records: {
      const envelopes: Uint8Array[] = []
      while (reader.remaining > 0) envelopes.push(reader.block(MAX_ENVELOPE_BYTES))
      return { type: 'records', envelopes }
    }
    case TAGS.done:
      return { type: 'done' }
    default:
      throw new RangeError(`unknown sync message ${tag}`)
  }
}

function encodeRows(rows: readonly Row[]): Uint8Array {
  return concatBytes(encodeVarint(rows.length), ...rows.flatMap(row => [fromHex(row.id), fromHex(row.hash)]))
}

function decodeRows(reader: ByteReader): Row[] {
  const count = reader.varint(MAX_ROWS_PER_FRAME)
  if (reader.remaining < count * 64) throw new RangeError('message is cut off')
  return Array.from({ length: count }, () => ({ id: toHex(reader.bytes(32)), hash: toHex(reader.bytes(32)) }))
}

/** Which buckets' digests differ, as 256 bits. */
export function differingBuckets(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bits = new Uint8Array(BUCKETS / 8)
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const from = bucket * DIGEST_BYTES
    for (let i = from; i < from + DIGEST_BYTES; i++) {
      if (a[i] !== b[i]) {
        bits[bucket >> 3] = (bits[bucket >> 3] ?? 0) | (1 << (bucket & 7))
        break
      }
    }
  }
  return bits
}

export function hasBucket(bits: Uint8Array, bucket: number): boolean {
  return (((bits[bucket >> 3] ?? 0) >> (bucket & 7)) & 1) === 1
}
