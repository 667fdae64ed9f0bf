import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom, sha256Hex } from '#node/kit'
import { Chunker, chunkLengths } from './chunker.ts'
import { MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from './constants.ts'
import { GEAR } from './gear.ts'

function seededBytes(length: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32
  return new Uint8Array(words.buffer, 0, length)
}

function lengthsByPieces(bytes: Uint8Array, nextPiece: () => number): number[] {
  const chunker = new Chunker()
  const lengths: number[] = []
  let pending = 0
  for (let at = 0; at < bytes.byteLength; ) {
    const piece = bytes.subarray(at, at + Math.max(1, nextPiece()))
    let start = 0
    for (const end of chunker.boundaries(piece)) {
      lengths.push(pending + end - start)
      pending = 0
      start = end
    }
    pending += piece.byteLength - start
    at += piece.byteLength
  }
  const last = chunker.finish()
  expect(last).toBe(pending)
  return last > 0 ? [...lengths, last] : lengths
}

/** The definition of the format, written as plainly as possible. */
function plainLengths(bytes: Uint8Array): number[] {
  const lengths: number[] = []
  let start = 0
  let hash = 0
  for (let at = 0; at < bytes.byteLength; at++) {
    const length = at + 1 - start
    if (length > 64 * 1024) hash = ((hash << 1) + GEAR[bytes[at]!]!) | 0
    const zeroBits = length <= 160 * 1024 ? 19 : 17
    const cut = length > 64 * 1024 && hash >>> (32 - zeroBits) === 0
    if (!cut && length < 1024 * 1024) continue
    lengths.push(length)
    start = at + 1
    hash = 0
  }
  return start < bytes.byteLength ? [...lengths, bytes.byteLength - start] : lengths
}

const sum = (lengths: number[]): number => lengths.reduce((total, length) => total + length, 0)

function chunkNames(bytes: Uint8Array): Set<string> {
  const names = new Set<string>()
  let at = 0
  for (const length of chunkLengths(bytes)) names.add(sha256Hex(bytes.subarray(at, (at += length))))
  return names
}

describe('chunking', () => {
  const sample = seededBytes(24 * 2 ** 20, 7)

  it('never changes its gear table', () => {
    expect(sha256Hex(new Uint8Array(GEAR.buffer))).toMatchInlineSnapshot(
      `"771d5393b0e839d03fb97d287a0076c3dee22bfd594f04a9f570e31a6a7cbd6b"`,
    )
    expect([...GEAR.subarray(0, 4)]).toMatchInlineSnapshot(`
      [
        -2091348674,
        -182541742,
        -343323259,
        396490891,
      ]
    `)
  })

  it('never changes its boundaries', () => {
    expect(chunkLengths(seededBytes(6 * 2 ** 20, 1))).toMatchInlineSnapshot(`
      [
        168936,
        374759,
        248602,
        416945,
        495037,
        476438,
        208500,
        187221,
        158339,
        163890,
        378452,
        298769,
        460958,
        144942,
        181883,
        218450,
        178103,
        403665,
        170029,
        290667,
        235475,
        279528,
        151868,
      ]
    `)
  })

  it('follows the plain definition of the format', () => {
    expect(chunkLengths(sample)).toEqual(plainLengths(sample))
    const few = sample.map(byte => byte & 1)
    expect(chunkLengths(few.subarray(0, 6_000_000))).toEqual(plainLengths(few.subarray(0, 6_000_000)))
  })

  it('finds the same boundaries whatever the sizes and alignment of the pieces', () => {
    const whole = chunkLengths(sample)
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1000, max: 6_000_000 }), (seed, largest) => {
        const random = seededRandom(seed)
        expect(lengthsByPieces(sample, () => Math.floor(random() * largest))).toEqual(whole)
      }),
      { numRuns: 12 },
    )
    const small = sample.subarray(0, 2_000_000)
    expect(lengthsByPieces(small, () => 7)).toEqual(chunkLengths(small))
    const odd = new Uint8Array(sample.byteLength + 3)
    for (const shift of [1, 2, 3]) {
      odd.set(sample, shift)
      expect(chunkLengths(odd.subarray(shift, shift + sample.byteLength))).toEqual(whole)
    }
  })

  it('keeps within its bounds and near its average', () => {
    const lengths = chunkLengths(sample)
    expect(sum(lengths)).toBe(sample.byteLength)
    for (const length of lengths.slice(0, -1)) expect(length).toBeGreaterThan(MIN_CHUNK_BYTES)
    for (const length of lengths) expect(length).toBeLessThanOrEqual(MAX_CHUNK_BYTES)
    expect(lengths.length).toBeGreaterThan(70)
    expect(lengths.length).toBeLessThan(125)
  })

  it('ends a chunk at the maximum where no content does', () => {
    expect(chunkLengths(new Uint8Array(MAX_CHUNK_BYTES * 2 + 10))).toEqual([MAX_CHUNK_BYTES, MAX_CHUNK_BYTES, 10])
    expect(chunkLengths(new Uint8Array(MAX_CHUNK_BYTES))).toEqual([MAX_CHUNK_BYTES])
  })

  it('makes one chunk of a small blob and none of an empty one', () => {
    expect(chunkLengths(new Uint8Array(0))).toEqual([])
    expect(chunkLengths(seededBytes(1, 1))).toEqual([1])
    expect(chunkLengths(seededBytes(MIN_CHUNK_BYTES, 1))).toEqual([MIN_CHUNK_BYTES])
  })

  it.each([0, 5_000_000, 12_345_678])('changes at most three chunks after an insertion at %i', at => {
    const inserted = new Uint8Array(sample.byteLength + 13)
    inserted.set(sample.subarray(0, at))
    inserted.set(seededBytes(13, 9), at)
    inserted.set(sample.subarray(at), at + 13)
    const before = chunkNames(sample)
    const after = chunkNames(inserted)
    expect([...after].filter(name => !before.has(name)).length).toBeLessThanOrEqual(3)
  })

  it('starts anew after finish', () => {
    const chunker = new Chunker()
    const cutAll = (): number[] => [...chunker.boundaries(sample), chunker.finish()]
    expect(cutAll()).toEqual(cutAll())
  })
})
