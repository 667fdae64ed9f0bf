import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FrameCutter } from './decoder.ts'
import { HEADER_BYTES, type Header, readHeader, TYPE, writeHeader } from './frames.ts'

const WINDOW = 1024

function encoded(header: Header, data: Uint8Array = new Uint8Array()): Uint8Array {
  const frame = new Uint8Array(HEADER_BYTES + data.byteLength)
  writeHeader(frame, header)
  frame.set(data, HEADER_BYTES)
  return frame
}

function cutterInto(frames: { header: Header; data: string }[]): FrameCutter {
  return new FrameCutter(WINDOW, (header, data) => {
    frames.push({ header, data: Buffer.from(data.subarray()).toString('hex') })
  })
}

const word = fc.integer({ min: 0, max: 0xffffffff })
const anyFrame = fc
  .record({ type: fc.constantFrom(0, 1, 2, 3), flags: fc.integer({ min: 0, max: 0xffff }), stream: word, length: word })
  .chain(header =>
    header.type === TYPE.data
      ? fc.uint8Array({ maxLength: 100 }).map(data => ({ header: { ...header, length: data.byteLength }, data }))
      : fc.constant({ header, data: new Uint8Array() }),
  )

test('the bytes of a header are those of the specification', () => {
  const bytes = encoded({ type: TYPE.windowUpdate, flags: 0x0102, stream: 0x8a0b0c0d, length: 0xfedcba98 })
  expect(Buffer.from(bytes).toString('hex')).toBe('000101028a0b0c0dfedcba98')
  expect(readHeader(bytes, 0)).toEqual({ type: 1, flags: 0x0102, stream: 0x8a0b0c0d, length: 0xfedcba98 })
})

test('frames come out as they went in, wherever the bytes were cut', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 8 }), fc.array(fc.nat(200)), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ header, data }) => encoded(header, data)))
      const found: { header: Header; data: string }[] = []
      const cutter = cutterInto(found)
      let at = 0
      for (const length of [...cuts, bytes.byteLength]) {
        cutter.push(bytes.subarray(at, at + length))
        at = Math.min(bytes.byteLength, at + length)
      }
      expect(found).toEqual(frames.map(({ header, data }) => ({ header, data: Buffer.from(data).toString('hex') })))
    }),
  )
})

describe('what nobody may send is refused', () => {
  test.each([
    ['another version', Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0)],
    ['more data than a window holds', encoded({ type: TYPE.data, flags: 0, stream: 1, length: WINDOW + 1 })],
  ])('%s, before any of it is held', (_, bytes) => {
    expect(() => cutterInto([]).push(bytes)).toThrow()
    const bytewise = cutterInto([])
    expect(() => {
      for (const byte of bytes) bytewise.push(Uint8Array.of(byte))
    }).toThrow()
  })
})
