import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '#node/kit'
import { Bitfield } from './bitfield.ts'
import { ChunkError } from './errors.ts'

const field = fc.array(fc.boolean(), { maxLength: 100 })

function of(bits: boolean[]): Bitfield {
  const bitfield = new Bitfield(bits.length)
  bits.forEach((bit, index) => {
    if (bit) bitfield.set(index)
  })
  return bitfield
}

describe('a bitfield', () => {
  it('never changes its form', () => {
    const bitfield = new Bitfield(10)
    for (const index of [0, 3, 9]) bitfield.set(index)
    expect(toHex(bitfield.encode())).toBe('0902')
    expect(toHex(Bitfield.full(10).encode())).toBe('ff03')
    expect(toHex(new Bitfield(0).encode())).toBe('')
  })

  it('reads back what was written, and counts', () => {
    fc.assert(
      fc.property(field, bits => {
        const copy = Bitfield.decode(of(bits).encode(), bits.length)
        expect(bits.map((_, index) => copy.has(index))).toEqual(bits)
        expect(copy.count).toBe(bits.filter(Boolean).length)
        expect([...copy.indexes()]).toEqual(bits.flatMap((bit, index) => (bit ? [index] : [])))
        expect(copy.isFull).toBe(bits.every(Boolean))
      }),
    )
  })

  it('says whether a bit changed, and keeps copies apart', () => {
    const bitfield = new Bitfield(3)
    const copy = bitfield.clone()
    expect([bitfield.set(2), bitfield.set(2), bitfield.unset(2), bitfield.unset(2)]).toEqual([true, false, true, false])
    bitfield.fill()
    expect([bitfield.count, copy.count]).toEqual([3, 0])
    bitfield.clear()
    expect(bitfield.count).toBe(0)
  })

  it('has nothing outside its length', () => {
    const bitfield = Bitfield.full(3)
    for (const index of [-1, 3, 0.5, 1e9, Number.NaN]) expect(() => bitfield.set(index)).toThrow(RangeError)
    expect([-1, 3, 1e9].map(index => bitfield.has(index))).toEqual([false, false, false])
    expect(() => new Bitfield(-1)).toThrow(RangeError)
  })

  it.each([
    ['too short', '', 1],
    ['too long', '0100', 8],
    ['with a spare bit set', '04', 2],
  ])('is refused when it is %s', (_, hex, length) => {
    expect(() => Bitfield.decode(Buffer.from(hex, 'hex'), length)).toThrow(ChunkError)
  })

  it('gives a ChunkError or one reading for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.nat({ max: 70 }), (bytes, length) => {
        try {
          expect(Bitfield.decode(bytes, length).encode()).toEqual(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(ChunkError)
        }
      }),
    )
  })
})
