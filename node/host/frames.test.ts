import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes, toHex } from '#node/kit'
import { encodeFrame, FrameDecoder } from './frames.ts'

const hex = (...parts: Uint8Array[]): string => toHex(encodeFrame(parts).subarray())

test('a frame is a varint length and the body', () => {
  expect(hex()).toBe('00')
  expect(hex(Uint8Array.of(0xab))).toBe('01ab')
  expect(hex(Uint8Array.of(1), Uint8Array.of(2, 3))).toBe('03010203')
  expect(hex(new Uint8Array(300)).slice(0, 6)).toBe('ac0200')
})

test('encoding copies nothing', () => {
  const part = Uint8Array.of(1, 2, 3)
  expect([...encodeFrame([part])][1]).toBe(part)
})

test('frames survive any cutting of the stream', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
      (bodies, cuts) => {
        const wire = concatBytes(...bodies.map(body => encodeFrame(body).subarray()))
        const decoder = new FrameDecoder(300)
        const out: string[] = []
        for (let at = 0, i = 0; at < wire.byteLength; i++) {
          const size = cuts[i % cuts.length] ?? 1
          decoder.push(wire.subarray(at, at + size))
          at += size
          for (let frame = decoder.next(); frame !== null; frame = decoder.next()) out.push(toHex(frame.subarray()))
        }
        expect(out).toEqual(bodies.map(toHex))
        expect(decoder.insideFrame).toBe(false)
      },
    ),
  )
})

test('lengths above the limit, not in shortest form, or without end are refused', () => {
  const refuse = (bytes: number[], code: string): void => {
    const decoder = new FrameDecoder(100)
    decoder.push(Uint8Array.from(bytes))
    expect(() => decoder.next()).toThrow(expect.objectContaining({ code }))
  }
  refuse([101], 'too-large')
  refuse([0xff, 0xff, 0xff, 0xff, 0x7f], 'too-large')
  refuse([0x80, 0x00], 'malformed')
  refuse([0x80, 0x80, 0x80, 0x80, 0x80], 'malformed')
})

test('hostile bytes never yield a frame above the limit nor another kind of error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), bytes => {
      const decoder = new FrameDecoder(64)
      decoder.push(bytes)
      try {
        for (let frame = decoder.next(); frame !== null; frame = decoder.next()) {
          expect(frame.byteLength).toBeLessThanOrEqual(64)
        }
      } catch (error) {
        expect(error).toMatchObject({ name: 'HostError' })
      }
    }),
  )
})

test('a small frame is known as one when it comes whole and alone, and is within the limit', () => {
  const decoder = new FrameDecoder(5)
  expect(decoder.smallFrame(Uint8Array.of(0))).toEqual(Uint8Array.of())
  expect(decoder.smallFrame(Uint8Array.of(2, 7, 8))).toEqual(Uint8Array.of(7, 8))
  for (const other of [[], [1], [1, 7, 0], [0, 0], [6, 1, 2, 3, 4, 5, 6], [0x80, 0x00]]) {
    expect(decoder.smallFrame(Uint8Array.from(other))).toBeNull()
  }
  expect(new FrameDecoder(1000).smallFrame(new Uint8Array(0x81).fill(0x80, 0, 1))).toBeNull()
  decoder.push(Uint8Array.of(1))
  expect(decoder.smallFrame(Uint8Array.of(0))).toBeNull()
})
