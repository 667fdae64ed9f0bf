import { describe, expect, test } from 'vitest'
import { MAX_PAYLOAD } from './codec.ts'
import { PieceBuffers } from './piece-buffers.ts'

describe('buffers for pieces', () => {
  test('a buffer that was given back is the next one that is taken, and never two at once', () => {
    const buffers = new PieceBuffers()
    const first = buffers.take(MAX_PAYLOAD)
    const second = buffers.take(MAX_PAYLOAD - 1)
    expect(second.buffer).not.toBe(first.buffer)
    buffers.giveBack(first.subarray(5))
    const third = buffers.take(MAX_PAYLOAD / 2)
    expect([third.buffer === first.buffer, third.byteOffset, third.byteLength]).toEqual([true, 0, MAX_PAYLOAD / 2])
    expect(buffers.take(MAX_PAYLOAD).buffer).not.toBe(first.buffer)
  })

  test('small pieces and foreign memory are not kept, nor anything that comes back after the end', () => {
    const buffers = new PieceBuffers()
    const small = buffers.take(1000)
    const foreign = new Uint8Array(MAX_PAYLOAD)
    expect([buffers.owns(small), buffers.owns(foreign)]).toEqual([false, false])
    buffers.giveBack(small)
    buffers.giveBack(foreign)
    const large = buffers.take(MAX_PAYLOAD)
    expect(large.buffer).not.toBe(foreign.buffer)
    buffers.clear()
    buffers.giveBack(large)
    expect(buffers.take(MAX_PAYLOAD).buffer).not.toBe(large.buffer)
  })
})
