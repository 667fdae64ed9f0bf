import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, encodeVarint, fromHex, sha256Hex, toHex } from '#node/kit'
import { MAX_CHUNK_BYTES, MAX_MANIFEST_BYTES, MIN_CHUNK_BYTES } from './constants.ts'
import { ChunkError } from './errors.ts'
import { type ChunkDigest, decodeManifest, encodeManifest, manifestOf, verifyChunk } from './manifest.ts'

const BLOB = '11'.repeat(32)
const A = 'aa'.repeat(32)
const B = 'bb'.repeat(32)
const two = encodeManifest(BLOB, MIN_CHUNK_BYTES + 5, [
  { sha: A, length: MIN_CHUNK_BYTES },
  { sha: B, length: 5 },
])

const sha = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
const digests: fc.Arbitrary<ChunkDigest[]> = fc
  .array(fc.record({ sha, length: fc.integer({ min: MIN_CHUNK_BYTES, max: MAX_CHUNK_BYTES }) }), { maxLength: 20 })
  .chain(rows => fc.record({ sha, length: fc.integer({ min: 1, max: MAX_CHUNK_BYTES }) }).map(last => [...rows, last]))

function raw(version: number, size: number, count: number, rows: [string, number][]): Uint8Array {
  const encoded = rows.flatMap(([name, length]) => [fromHex(name), encodeVarint(length)])
  return concatBytes(encodeVarint(version), encodeVarint(size), fromHex(BLOB), encodeVarint(count), ...encoded)
}

describe('a chunk manifest', () => {
  it('never changes its form', () => {
    expect(toHex(two.bytes)).toMatchInlineSnapshot(
      `"01858004111111111111111111111111111111111111111111111111111111111111111102aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa808004bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb05"`,
    )
    expect(two.hash).toBe(sha256Hex(two.bytes))
    expect(toHex(manifestOf(new Uint8Array(0)).bytes)).toMatchInlineSnapshot(
      `"0100e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85500"`,
    )
  })

  it('reads back what was written', () => {
    fc.assert(
      fc.property(sha, digests, (blob, rows) => {
        const size = rows.reduce((total, row) => total + row.length, 0)
        const manifest = encodeManifest(blob, size, rows)
        expect(decodeManifest(manifest.bytes)).toEqual(manifest)
      }),
    )
  })

  it('describes every chunk of a blob', () => {
    const bytes = new Uint8Array(MAX_CHUNK_BYTES + 100).fill(7)
    const manifest = manifestOf(bytes)
    expect(manifest.chunks.map(chunk => chunk.offset)).toEqual([0, MAX_CHUNK_BYTES])
    for (const chunk of manifest.chunks) {
      const part = bytes.slice(chunk.offset, chunk.offset + chunk.length)
      expect(verifyChunk(chunk, part)).toBe(true)
      part[0] = 8
      expect(verifyChunk(chunk, part)).toBe(false)
      expect(verifyChunk(chunk, part.subarray(1))).toBe(false)
    }
  })

  it.each([
    ['another version', raw(2, 5, 1, [[A, 5]])],
    ['lengths that do not add up', raw(1, 6, 1, [[A, 5]])],
    ['a count above what follows', raw(1, 5, 2, [[A, 5]])],
    ['a count that nobody could store', raw(1, 5, 2 ** 52, [[A, 5]])],
    ['a count below what follows', raw(1, 5, 0, [[A, 5]])],
    ['an empty chunk', raw(1, 0, 1, [[A, 0]])],
    ['a chunk that is too long', raw(1, MAX_CHUNK_BYTES + 1, 1, [[A, MAX_CHUNK_BYTES + 1]])],
    [
      'a short chunk before the last',
      raw(1, 10, 2, [
        [A, 5],
        [B, 5],
      ]),
    ],
    ['bytes behind the end', concatBytes(two.bytes, Uint8Array.of(0))],
    ['nothing', new Uint8Array(0)],
  ])('is refused with %s', (_, bytes) => {
    expect(() => decodeManifest(bytes)).toThrow(ChunkError)
  })

  it('is refused when it is cut off anywhere', () => {
    for (let length = 0; length < two.bytes.byteLength; length++) {
      expect(() => decodeManifest(two.bytes.subarray(0, length))).toThrow(ChunkError)
    }
  })

  it('is refused above 16 MiB before it is read', () => {
    expect(() => decodeManifest(new Uint8Array(MAX_MANIFEST_BYTES + 1))).toThrow(/16777216/)
    const row = { sha: A, length: MAX_CHUNK_BYTES }
    const rows = Array.from({ length: 479_350 }, () => row)
    expect(() => encodeManifest(BLOB, rows.length * MAX_CHUNK_BYTES, rows)).toThrow(ChunkError)
  })

  it('gives a ChunkError or one reading for any bytes', () => {
    const mutated = fc
      .tuple(fc.nat({ max: two.bytes.byteLength - 1 }), fc.integer({ min: 1, max: 255 }))
      .map(([at, bits]) => two.bytes.map((byte, index) => (index === at ? byte ^ bits : byte)))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), bytes => {
        try {
          const manifest = decodeManifest(bytes)
          expect(encodeManifest(manifest.blob, manifest.sizeBytes, manifest.chunks).hash).toBe(manifest.hash)
        } catch (error) {
          expect(error).toBeInstanceOf(ChunkError)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('is not written with lengths that nobody would read', () => {
    expect(() => encodeManifest(BLOB, 5, [{ sha: A, length: 4 }])).toThrow(RangeError)
    expect(() => encodeManifest(BLOB, 4, [{ sha: 'aa', length: 4 }])).toThrow(RangeError)
    expect(() => encodeManifest(BLOB, 0, [{ sha: A, length: 0 }])).toThrow(RangeError)
  })
})
