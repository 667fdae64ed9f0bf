import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBufferPool } from './buffers.ts'

const MIB = 2 ** 20

describe('the buffer pool', () => {
  it('gives exactly what was asked for, over shared memory', async () => {
    const pool = createBufferPool()
    const buffer = await pool.acquire(1000)
    expect(buffer.bytes.byteLength).toBe(1000)
    expect(buffer.bytes.buffer).toBeInstanceOf(SharedArrayBuffer)
    buffer.release()
    expect(pool.capacityBytes).toBe(48 * MIB)
  })

  it('lets callers wait in order, and large ones are not overtaken', async () => {
    const pool = createBufferPool({ capacityBytes: 4 * MIB })
    const first = await pool.acquire(3 * MIB)
    const order: string[] = []
    const large = pool.acquire(2 * MIB).finally(() => order.push('large'))
    const small = pool.acquire(1).finally(() => order.push('small'))
    expect(pool.tryAcquire(1)).toBeNull()
    first.release()
    first.release()
    const buffers = await Promise.all([large, small])
    expect(order).toEqual(['large', 'small'])
    for (const buffer of buffers) buffer.release()
    pool.tryAcquire(4 * MIB)!.release()
  })

  it('forgets a caller whose signal fires, and goes on with the next', async () => {
    const pool = createBufferPool({ capacityBytes: 2 * MIB })
    const first = await pool.acquire(1.5 * MIB)
    const controller = new AbortController()
    const aborted = pool.acquire(MIB, { signal: controller.signal })
    const next = pool.acquire(1000)
    controller.abort(new Error('never mind'))
    await expect(aborted).rejects.toThrow('never mind')
    ;(await next).release()
    first.release()
    await expect(pool.acquire(1, { signal: controller.signal })).rejects.toThrow('never mind')
    pool.tryAcquire(2 * MIB)!.release()
  })

  it('refuses what can never fit', async () => {
    await expect(createBufferPool({ capacityBytes: MIB }).acquire(MIB + 1)).rejects.toThrow(RangeError)
  })

  it('works again after its memory went back', async () => {
    const pool = createBufferPool({ capacityBytes: MIB, idleMs: 1 })
    const before = await pool.acquire(10)
    before.release()
    await new Promise(resolve => setTimeout(resolve, 10))
    const after = await pool.acquire(10)
    expect(after.bytes.buffer).not.toBe(before.bytes.buffer)
    after.release()
  })

  it('never gives the same byte to two callers, and gets everything back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: MIB }), fc.nat()), { maxLength: 60 }), steps => {
        const pool = createBufferPool({ capacityBytes: 3 * MIB })
        const held: NonNullable<ReturnType<typeof pool.tryAcquire>>[] = []
        for (const [length, which] of steps) {
          const buffer = pool.tryAcquire(length)
          if (buffer === null) held.splice(which % held.length, 1)[0]!.release()
          else held.push(buffer)
          const ranges = held.map(({ bytes }) => [bytes.byteOffset, bytes.byteOffset + bytes.byteLength] as const)
          ranges.sort((a, b) => a[0] - b[0])
          for (let i = 1; i < ranges.length; i++) expect(ranges[i]![0]).toBeGreaterThanOrEqual(ranges[i - 1]![1])
        }
        for (const buffer of held) buffer.release()
        expect(pool.tryAcquire(3 * MIB)).not.toBeNull()
      }),
    )
  })
})
