import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '#node/kit'
import { Bitfield } from '#swarm/chunk'
import {
  type Answer,
  type Ask,
  dataHeader,
  decodeAnswer,
  decodeAsk,
  decodeDataHeader,
  encodeAnswer,
  encodeAsk,
  MAX_ASK_FRAME,
  MAX_CHUNKS,
  MAX_DATA_HEADER,
} from './codec.ts'
import { ExchangeError } from './errors.ts'

const A = 'aa'.repeat(32)
const B = 'bb'.repeat(32)
const field = (length: number, ...set: number[]): Bitfield => {
  const bits = new Bitfield(length)
  for (const bit of set) bits.set(bit)
  return bits
}

const ASKS: [Ask, string][] = [
  [{ kind: 'who', id: 1, wanting: true, blobs: [A, B] }, `01010102${A}${B}`],
  [{ kind: 'have', handle: 300, replica: false, blob: A }, `02ac0200${A}`],
  [{ kind: 'drop', handle: 300 }, '03ac02'],
  [{ kind: 'manifest', id: 2, hash: B }, `0402${B}`],
  [
    { kind: 'get', id: 7, handle: 3, chunk: 1000, offset: 1048576, length: 65536, force: true },
    '050703e80780804080800401',
  ],
  [{ kind: 'cancel', id: 7 }, '0607'],
]

const ANSWERS: [Answer, string][] = [
  [
    {
      kind: 'who',
      id: 1,
      answers: [
        { holds: 'partial', hints: ['12D3'] },
        { holds: 'none', hints: [] },
      ],
    },
    '4101020101043132443300' + '00',
  ],
  [
    { kind: 'have', handle: 3, holds: 'partial', several: false, chunkCount: 10, bits: field(10, 0, 3, 9) },
    '420301000a0902',
  ],
  [{ kind: 'have', handle: 3, holds: 'complete', several: true, chunkCount: 10, bits: null }, '420302010a'],
  [{ kind: 'also', handle: 3, chunks: [5, 128] }, '430302058001'],
  [{ kind: 'manifest', id: 2, total: 3, offset: 1, bytes: Uint8Array.of(8, 9) }, '440203010809'],
  [{ kind: 'data', id: 7, offset: 1048576, bytes: Uint8Array.of(1, 2, 3) }, '4507808040010203'],
  [{ kind: 'decline', id: 7, reason: 'seeding', retryAfterMs: 2000, hints: ['x'] }, '460703d00f010178'],
]

describe('frames of /vigo/blobs/1', () => {
  test.each(ASKS)('question %j is on the wire as documented', (ask, hex) => {
    expect(toHex(encodeAsk(ask))).toBe(hex)
    expect(decodeAsk(Buffer.from(hex, 'hex'))).toEqual(ask)
  })

  test.each(ANSWERS)('answer %j is on the wire as documented', (answer, hex) => {
    expect(toHex(encodeAnswer(answer))).toBe(hex)
    expect(toHex(encodeAnswer(decodeAnswer(Buffer.from(hex, 'hex'))))).toBe(hex)
  })

  const id = fc.integer({ min: 0, max: 2 ** 48 })
  const sha = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
  const peer = fc.stringMatching(/^[\x21-\x7e]{1,128}$/)
  const hints = fc.array(peer, { maxLength: 8 })
  const chunk = fc.integer({ min: 0, max: MAX_CHUNKS })
  const word = fc.integer({ min: 0, max: 2 ** 32 })

  const asks = fc.oneof(
    fc.record({
      kind: fc.constant('who' as const),
      id,
      wanting: fc.boolean(),
      blobs: fc.array(sha, { minLength: 1, maxLength: 256 }),
    }),
    fc.record({ kind: fc.constant('have' as const), handle: id, replica: fc.boolean(), blob: sha }),
    fc.record({ kind: fc.constant('drop' as const), handle: id }),
    fc.record({ kind: fc.constant('manifest' as const), id, hash: sha }),
    fc.record({
      kind: fc.constant('get' as const),
      id,
      handle: id,
      chunk,
      offset: word,
      length: fc.integer({ min: 1, max: 2 ** 32 }),
      force: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('cancel' as const), id }),
  )

  test('questions survive the way there and back, and fit their frame', () => {
    fc.assert(
      fc.property(asks, ask => {
        const bytes = encodeAsk(ask)
        expect(decodeAsk(bytes)).toEqual(ask)
        expect(bytes.byteLength).toBeLessThanOrEqual(MAX_ASK_FRAME)
      }),
    )
  })

  const holds = fc.constantFrom('none' as const, 'partial' as const, 'complete' as const)
  const reason = fc.constantFrom(
    'not-held' as const,
    'busy' as const,
    'seeding' as const,
    'unknown' as const,
    'unreadable' as const,
  )
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 100 })
  const answers = fc.oneof(
    fc.record({
      kind: fc.constant('who' as const),
      id,
      answers: fc.array(fc.record({ holds, hints }), { maxLength: 20 }),
    }),
    fc.record({
      kind: fc.constant('also' as const),
      handle: id,
      chunks: fc.array(chunk, { minLength: 1, maxLength: 50 }),
    }),
    fc.record({ kind: fc.constant('data' as const), id, offset: word, bytes }),
    fc.record({
      kind: fc.constant('decline' as const),
      id,
      reason,
      retryAfterMs: fc.integer({ min: 0, max: 600_000 }),
      hints,
    }),
  )

  test('answers survive the way there and back', () => {
    fc.assert(
      fc.property(answers, answer => {
        expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer)
      }),
    )
  })

  test('bitfields survive the way there and back', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), flags => {
        const bits = field(flags.length, ...flags.flatMap((set, i) => (set ? [i] : [])))
        const back = decodeAnswer(
          encodeAnswer({ kind: 'have', handle: 1, holds: 'partial', several: false, chunkCount: flags.length, bits }),
        )
        expect(back.kind === 'have' && flags.every((set, i) => back.bits!.has(i) === set)).toBe(true)
      }),
    )
  })

  test('the header of a data frame is read without its payload', () => {
    fc.assert(
      fc.property(id, word, bytes, (anyId, offset, payload) => {
        const frame = encodeAnswer({ kind: 'data', id: anyId, offset, bytes: payload })
        const header = decodeDataHeader(frame.subarray(0, MAX_DATA_HEADER), frame.byteLength)
        expect(header).toEqual({ id: anyId, offset, headerBytes: frame.byteLength - payload.byteLength })
        expect(toHex(dataHeader(anyId, offset))).toBe(toHex(frame.subarray(0, header!.headerBytes)))
      }),
    )
    expect(decodeDataHeader(Uint8Array.of(0x42, 1), 2)).toBeNull()
  })
})

describe('hostile bytes', () => {
  test.each([
    ['nothing', ''],
    ['an unknown kind', '7f'],
    ['a question cut off', '0501'],
    ['bytes behind the end', '030100'],
    ['a number in a longer form than needed', '038100'],
    ['a number beyond the limit', '03ffffffffffffff7f'],
    ['unknown flags', `020102${A}`],
    ['an empty list of blobs', '01010000'],
    ['more blobs than allowed', `010100${'81' + '02'}${A}`],
    ['a range of nothing', '05070303000000'],
  ])('%s is no question', (_what, hex) => {
    expect(() => decodeAsk(Buffer.from(hex, 'hex'))).toThrow(ExchangeError)
  })

  test.each([
    ['nothing', ''],
    ['a question', '0301'],
    ['spare bits', '420301000aff0f'],
    ['a bitfield that is too short', '420301000a09'],
    ['a bitfield that is too long', '420301000a090200'],
    ['a bitfield of an absurd number of chunks', '42030100ffffff7f'],
    ['an unknown state', '420303000a'],
    ['an unknown reason', '4607060000'],
    ['a peer id with a line break', '46070300' + '01010a'],
    ['nine hints', '46070300' + '09' + '0178'.repeat(9)],
    ['no chunks', '430300'],
    ['a manifest part behind its end', '4402030409'],
  ])('%s is no answer', (_what, hex) => {
    expect(() => decodeAnswer(Buffer.from(hex, 'hex'))).toThrow(ExchangeError)
  })

  test('random bytes and changed frames are refused or understood, never anything else', () => {
    const frames = [...ASKS.map(([ask]) => encodeAsk(ask)), ...ANSWERS.map(([answer]) => encodeAnswer(answer))]
    const changed = fc
      .tuple(fc.constantFrom(...frames), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.boolean())
      .map(([frame, at, value, cut]) => {
        const copy = frame.slice(0, cut ? at % (frame.byteLength + 1) : undefined)
        if (copy.byteLength > 0) copy[at % copy.byteLength] = value
        return copy
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed), bytes => {
        for (const decode of [decodeAsk, decodeAnswer]) {
          try {
            decode(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(ExchangeError)
          }
        }
      }),
      { numRuns: 2000 },
    )
  })
})
