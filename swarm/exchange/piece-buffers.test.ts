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
    const third = buffers.take(MAX_PAYLOAD / 2 + 1)
    expect([third.buffer === first.buffer, third.byteOffset, third.byteLength]).toEqual([true, 0, MAX_PAYLOAD / 2 + 1])
    expect(buffers.take(MAX_PAYLOAD).buffer).not.toBe(first.buffer)
  })

  test('a buffer is at most twice as long as its piece, and no more than eight of the longest are kept', () => {
    const buffers = new PieceBuffers()
    expect(buffers.take(100_000).buffer.byteLength).toBe(2 ** 17)
    const taken = Array.from({ length: 10 }, () => buffers.take(MAX_PAYLOAD))
    for (const bytes of taken) buffers.giveBack(bytes)
    const again = new Set(Array.from({ length: 10 }, () => buffers.take(MAX_PAYLOAD).buffer))
    expect(taken.filter(({ buffer }) => again.has(buffer)).length).toBe(8)
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
