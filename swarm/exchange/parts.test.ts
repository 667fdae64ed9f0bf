import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom, silentLogger } from '#node/kit'
import { ChunkSet, visitCommon } from './chunk-set.ts'
import { SCHEDULER_LIMITS } from './limits.ts'
import { Pace } from './pace.ts'
import { Rarity } from './rarity.ts'
import { createReputation } from './reputation.ts'
import { TokenBucket } from './token-bucket.ts'
import { UploadBudget } from './upload-budget.ts'
import { WantBook } from './want-book.ts'

const MiB = 1024 * 1024

describe('chunk sets', () => {
  test('find what is in both, from any place on', () => {
    const members = fc.uniqueArray(fc.integer({ min: 0, max: 199 }))
    fc.assert(
      fc.property(members, members, fc.nat(199), (left, right, from) => {
        const [a, b] = [new ChunkSet(200), new ChunkSet(200)]
        for (const chunk of left) a.add(chunk)
        for (const chunk of right) b.add(chunk)
        const seen: number[] = []
        visitCommon(a, b, from >>> 5, chunk => {
          seen.push(chunk)
          return false
        })
        expect(new Set(seen)).toEqual(new Set(left.filter(chunk => right.includes(chunk))))
        expect(seen).toHaveLength(new Set(seen).size)
        const next = left.filter(chunk => chunk >= from).sort((x, y) => x - y)[0]
        expect(a.firstFrom(from)).toBe(next ?? -1)
        expect(a.count).toBe(left.length)
      }),
    )
  })
})

describe('rarity', () => {
  test('always answers a chunk of the rarest group, whatever was inserted, removed and counted', () => {
    const step = fc.tuple(fc.constantFrom('more', 'less', 'insert', 'remove'), fc.nat(19))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(), (steps, seed) => {
        const rarity = new Rarity(20)
        const holders = Array.from({ length: 20 }, () => 0)
        const needed = new Set<number>()
        for (const [what, chunk] of steps) {
          if (what === 'insert') {
            needed.add(chunk)
            rarity.insert(chunk)
          } else if (what === 'remove') {
            needed.delete(chunk)
            rarity.remove(chunk)
          } else if (what === 'more' || holders[chunk]! > 0) {
            const by = what === 'more' ? 1 : -1
            rarity.change(chunk, by)
            holders[chunk]! += by
          }
        }
        const least = Math.min(...[...needed].map(chunk => holders[chunk]!).filter(count => count > 0))
        const search = { random: seededRandom(seed), budget: 100, most: Number.POSITIVE_INFINITY, commonFirst: false }
        const found = rarity.find(() => true, search)
        expect(rarity.size).toBe(needed.size)
        if (least === Number.POSITIVE_INFINITY) expect(found).toBe(-1)
        else expect(holders[found]).toBe(least)
      }),
    )
  })
})

describe('the pace of a source', () => {
  test('is what it delivered while something was asked of it', () => {
    const pace = new Pace(SCHEDULER_LIMITS)
    for (let now = 0; now < 5000; now += 1000) {
      pace.start(now)
      pace.arrived(MiB, now + 50, false)
      pace.arrived(MiB, now + 100, true)
    }
    expect(pace.bytesPerSecond).toBeCloseTo(20 * MiB, -4)
    expect(pace.msFor(20 * MiB)).toBeCloseTo(1000, -1)
    expect(pace.deadlineMs(200 * MiB)).toBeCloseTo(40_000, -3)
    expect(pace.deadlineMs(10_000 * MiB)).toBe(SCHEDULER_LIMITS.deadlineCeilingMs)
    expect(pace.deadlineMs(1)).toBe(SCHEDULER_LIMITS.deadlineFloorMs)
  })
})

describe('the upload budget', () => {
  test('serves in order, replicas last, and never gives out more than it has', () => {
    const budget = new UploadBudget(3)
    const started: string[] = []
    const take = (name: string, bytes: number, replica = false): (() => void) =>
      budget.take(bytes, replica, () => started.push(name))
    take('a', 2)
    take('replica', 1, true)
    take('b', 2)
    const giveUp = take('c', 1)
    take('d', 1)
    expect(started).toEqual(['a', 'replica'])
    giveUp()
    budget.release(2)
    expect(started).toEqual(['a', 'replica', 'b'])
    take('late replica', 1, true)
    budget.release(1)
    expect(started.at(-1)).toBe('d')
    budget.release(2)
    expect(started.at(-1)).toBe('late replica')
  })
})

describe('the token bucket', () => {
  test('lets through its rate over time, and everything without one', () => {
    let rate: number | null = 1000
    const bucket = new TokenBucket(() => rate, 0)
    let sent = 0
    for (let now = 0; now <= 10_000; now += 10) {
      if (!bucket.isOpen(now)) continue
      bucket.take(300)
      sent += 300
    }
    expect(sent).toBeGreaterThan(9_500)
    expect(sent).toBeLessThan(10_800)
    rate = null
    expect(bucket.isOpen(10_000)).toBe(true)
  })
})

describe('the want book', () => {
  test('names the latest, neither the one who asks nor those from long ago', () => {
    const book = new WantBook(1000)
    book.note('x', 'old', 0)
    for (let i = 0; i < 10; i++) book.note('x', `p${i}`, 500 + i)
    expect(book.hints('x', 'p9', 1400)).toEqual(['p8', 'p7', 'p6', 'p5', 'p4', 'p3', 'p2', 'p1'])
    expect(book.hints('x', 'p9', 3000)).toEqual([])
    book.forget('x', 'p8')
    expect(book.hints('x', 'p9', 600)[0]).toBe('p7')
  })
})

describe('reputation', () => {
  test('keeps the first reason for a ban and tells about it once', () => {
    const reputation = createReputation(silentLogger)
    const told: string[] = []
    reputation.onBan((peer, reason) => told.push(`${peer} ${reason}`))
    reputation.ban('p', 'lied')
    reputation.ban('p', 'lied again')
    expect(told).toEqual(['p lied'])
    expect(reputation.reason('p')).toBe('lied')
    expect(reputation.isBanned('q')).toBe(false)
  })
})
