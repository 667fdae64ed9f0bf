import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#node/kit'
import { Bitfield } from '#swarm/chunk'
import { SCHEDULER_LIMITS, type SchedulerLimits } from './limits.ts'
import { Scheduler } from './scheduler.ts'
import type { ChunkRequest } from './source.ts'

const MiB = 1024 * 1024

function scheduler(chunks: number, limits: Partial<SchedulerLimits> = {}, length = MiB): Scheduler {
  const made = new Scheduler(new Uint32Array(chunks).fill(length), {
    limits: { ...SCHEDULER_LIMITS, ...limits },
    random: seededRandom(1),
    now: 0,
  })
  for (let chunk = 0; chunk < chunks; chunk++) made.need(chunk)
  return made
}

function source(to: Scheduler, peer: string, bits: number[] | 'complete', chunks: number, several = false): void {
  const field = new Bitfield(chunks)
  if (bits !== 'complete') for (const bit of bits) field.set(bit)
  to.addSource(peer)
  to.setHave(peer, bits === 'complete' ? 'complete' : field, several)
}

function drain(from: Scheduler, now: number): ChunkRequest[] {
  const all: ChunkRequest[] = []
  for (let next = from.next(now); next; next = from.next(now)) all.push(next)
  return all
}

function deliver(to: Scheduler, request: ChunkRequest, now: number): ChunkRequest[] {
  to.arrived(request, request.length, now)
  return to.held(request.chunk, now)
}

describe('the scheduler', () => {
  test('asks for the rarest chunk first', () => {
    const s = scheduler(4, { startWindowBytes: MiB })
    source(s, 'a', [0, 1, 2, 3], 4)
    source(s, 'b', [0, 1, 2], 4)
    source(s, 'c', [0, 1], 4)
    s.held(0, 0)
    const asked = drain(s, 0)
    expect(asked.find(({ peer }) => peer === 'a')?.chunk).toBe(3)
    expect(asked.find(({ peer }) => peer === 'b')?.chunk).toBe(2)
  })

  test('asks a single source in order', () => {
    const s = scheduler(4, { startWindowBytes: 4 * MiB })
    source(s, 'a', 'complete', 4)
    expect(drain(s, 0).map(({ chunk }) => chunk)).toEqual([0, 1, 2, 3])
  })

  test("never has more under way than a source's window and the transfer's limit allow", () => {
    const s = scheduler(100, { startWindowBytes: 3 * MiB, transferBytes: 15 * MiB })
    source(s, 'a', 'complete', 100)
    source(s, 'b', 'complete', 100)
    const asked = drain(s, 0)
    expect(asked).toHaveLength(5)
    for (const peer of ['a', 'b']) expect(asked.filter(request => request.peer === peer).length).toBeLessThanOrEqual(3)
    expect(s.bytesUnderWay).toBe(5 * MiB)
  })

  test("counts bytes that wait to be written against the transfer's limit", () => {
    const s = scheduler(10, { startWindowBytes: 4 * MiB, transferBytes: 2 * MiB })
    source(s, 'a', 'complete', 10)
    const [first] = drain(s, 0)
    s.arrived(first!, MiB, 1)
    const [second] = drain(s, 1)
    s.arrived(second!, MiB, 2)
    expect(drain(s, 2)).toEqual([])
    s.held(first!.chunk, 3)
    expect(drain(s, 3)).toHaveLength(1)
  })

  test('grows the window of a fast source and keeps that of a slow one', () => {
    const s = scheduler(400, { transferBytes: 64 * MiB })
    source(s, 'fast', 'complete', 400)
    source(s, 'slow', 'complete', 400)
    const open = drain(s, 0)
    for (let now = 1; now < 3000; now++) {
      const fast = open.findIndex(({ peer }) => peer === 'fast')
      if (now % 5 === 0 && fast >= 0) deliver(s, open.splice(fast, 1)[0]!, now)
      const slow = open.findIndex(({ peer }) => peer === 'slow')
      if (now % 1000 === 0 && slow >= 0) deliver(s, open.splice(slow, 1)[0]!, now)
      open.push(...drain(s, now))
    }
    expect(s.source('fast')!.pace.windowBytes).toBeGreaterThan(3 * MiB)
    expect(s.source('slow')!.pace.windowBytes).toBeLessThanOrEqual(2 * MiB)
    expect(s.source('slow')!.requests.size).toBeLessThanOrEqual(2)
  })

  test('gives a slow source no chunk that it would finish after the rest is done, unless only it has the chunk', () => {
    const s = scheduler(40, { startWindowBytes: MiB })
    source(s, 'fast', [...Array(39).keys()], 40)
    source(s, 'slow', 'complete', 40)
    const firstOf = (requests: ChunkRequest[], peer: string): ChunkRequest => requests.find(r => r.peer === peer)!
    const asked = drain(s, 0)
    deliver(s, firstOf(asked, 'fast'), 5)
    deliver(s, firstOf(asked, 'slow'), 5000)
    const later = drain(s, 5000)
    for (const request of later) if (request.peer === 'slow') expect(s.source('fast')!.has(request.chunk)).toBe(false)
  })

  test('asks a second source for the last chunks, and names the copy to cancel', () => {
    const s = scheduler(2, { startWindowBytes: 2 * MiB })
    source(s, 'stuck', 'complete', 2)
    const first = drain(s, 0)
    source(s, 'other', 'complete', 2)
    const copies = drain(s, 100)
    expect(copies.every(({ duplicate, peer }) => duplicate && peer === 'other')).toBe(true)
    const cancelled = copies.flatMap(copy => deliver(s, copy, 150))
    expect(new Set(cancelled)).toEqual(new Set(first))
    expect(s.done).toBe(true)
  })

  test('sets a source aside that misses its deadline, longer each time, and asks others', () => {
    const s = scheduler(3, { firstDeadlineMs: 1000, asideMs: 500, startWindowBytes: MiB })
    source(s, 'mute', [0, 1], 3)
    expect(drain(s, 0)).toHaveLength(1)
    expect(s.tick(999)).toEqual([])
    expect(s.tick(1000)).toMatchObject([{ peer: 'mute', asideMs: 500 }])
    expect(drain(s, 1400)).toEqual([])
    source(s, 'other', [0, 1], 3)
    expect(drain(s, 1400).every(({ peer }) => peer === 'other')).toBe(true)
    s.tick(1600)
    s.removeSource('other', 1600)
    expect(drain(s, 1600)).toMatchObject([{ peer: 'mute' }])
    expect(s.tick(2600)).toMatchObject([{ peer: 'mute', asideMs: 1000 }])
  })

  test('lets mute sources hold a part of the transfer only, so that the others go on', () => {
    const s = scheduler(200)
    for (let i = 0; i < 40; i++) source(s, `mute-${i}`, 'complete', 200)
    source(s, 'honest', 'complete', 200)
    const open: ChunkRequest[] = []
    for (let now = 0; !s.done && now < 60_000; now += 10) {
      open.push(...drain(s, now))
      for (const request of open.splice(0)) {
        if (request.peer !== 'honest') continue
        if (s.source('honest')!.requests.has(request.id)) deliver(s, request, now + 1)
      }
      if (now % 100 === 0) s.tick(now)
    }
    expect(s.done).toBe(true)
  })

  test('leaves a slow source that keeps delivering its request', () => {
    const s = scheduler(1, { firstDeadlineMs: 1000, deadlineFloorMs: 1000 })
    source(s, 'slow', 'complete', 1)
    const [request] = drain(s, 0)
    for (let now = 100; now <= 5000; now += 100) {
      s.arrived(request!, 10_000, now)
      expect(s.tick(now)).toEqual([])
    }
  })

  test('does not hold the time against a source that a request waited here', () => {
    const s = scheduler(1, { firstDeadlineMs: 1000 })
    source(s, 'a', 'complete', 1)
    const [request] = drain(s, 0)
    s.waits(request!)
    expect(s.tick(100_000)).toEqual([])
    expect(s.sent(request!, 100_000)).toBe(true)
    expect(s.tick(100_999)).toEqual([])
    expect(s.tick(101_000)).toHaveLength(1)
  })

  test('asks a declining seed again after its time, and then insists', () => {
    const s = scheduler(1)
    source(s, 'seed', 'complete', 1, true)
    const [request] = drain(s, 0)
    expect(request!.force).toBe(false)
    s.declined(request!, 2000, 0)
    s.tick(100)
    expect(drain(s, 100)).toEqual([])
    s.tick(400)
    expect(drain(s, 400)).toMatchObject([{ chunk: 0, force: true }])
  })

  test('spares a seed of several what other members hold, while they keep it busy', () => {
    const s = scheduler(20, { startWindowBytes: 4 * MiB, busyBytes: 2 * MiB })
    source(s, 'member', [...Array(10).keys()], 20)
    expect(drain(s, 0)).toHaveLength(4)
    source(s, 'seed', 'complete', 20, true)
    for (const { peer, chunk } of drain(s, 0)) if (peer === 'seed') expect(chunk).toBeGreaterThanOrEqual(10)
  })

  test('answers false for a chunk that the blob does not have', () => {
    const s = scheduler(3)
    source(s, 'a', [], 3)
    expect(s.addHave('a', 2)).toBe(true)
    expect(s.addHave('a', 3)).toBe(false)
  })

  test('whatever happens, finishes from an honest source, asks for no held chunk, and keeps its accounts', () => {
    const step = fc.tuple(
      fc.constantFrom('arrive', 'fail', 'decline', 'leave', 'join', 'have', 'tick', 'part'),
      fc.nat(),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.array(step, { maxLength: 150 }),
        fc.nat(),
        (chunks, steps, seed) => {
          const random = seededRandom(seed)
          const lengths = Uint32Array.from({ length: chunks }, () => 1 + Math.floor(random() * 4 * MiB))
          const s = new Scheduler(lengths, { limits: SCHEDULER_LIMITS, random, now: 0 })
          const open = new Map<number, ChunkRequest>()
          const forget = (requests: readonly ChunkRequest[]): void => {
            for (const { id } of requests) open.delete(id)
          }
          const send = (now: number): void => {
            for (const request of drain(s, now)) {
              expect(s.stateOf(request.chunk)).toBe('asked')
              open.set(request.id, request)
            }
            const outstanding = [...open.values()].reduce((sum, { length, received }) => sum + length - received, 0)
            expect(s.bytesUnderWay).toBe(outstanding)
            expect(outstanding).toBeLessThanOrEqual(SCHEDULER_LIMITS.transferBytes + 4 * MiB)
          }
          const finish = (request: ChunkRequest, now: number): void => {
            open.delete(request.id)
            s.arrived(request, request.length - request.received, now)
            forget(s.held(request.chunk, now))
          }
          for (let chunk = 0; chunk < chunks; chunk++) s.need(chunk)
          let now = 0
          for (const [what, n] of steps) {
            now += n % 200
            const request = [...open.values()][n % Math.max(open.size, 1)]
            const peer = `p${n % 5}`
            if (what === 'join') {
              s.addSource(peer)
              s.setHave(peer, n % 3 === 0 ? 'complete' : new Bitfield(chunks), n % 2 === 0)
            } else if (what === 'leave') forget(s.removeSource(peer, now))
            else if (what === 'have') s.addHave(peer, n % chunks)
            else if (what === 'tick') for (const stall of s.tick(now)) forget(stall.requests)
            else if (request && what === 'arrive') finish(request, now)
            else if (request && what === 'part' && request.length - request.received > 1) s.arrived(request, 1, now)
            else if (request && what === 'fail') {
              open.delete(request.id)
              s.arrived(request, request.length - request.received, now)
              s.failed(request.chunk)
            } else if (request && what === 'decline') {
              open.delete(request.id)
              s.declined(request, n % 3000, now, { notHeld: n % 7 === 0 })
            }
            send(now)
          }
          s.addSource('honest')
          s.setHave('honest', 'complete', false)
          for (let round = 0; !s.done && round < 5000; round++) {
            now += 50
            for (const stall of s.tick(now)) forget(stall.requests)
            send(now)
            for (const request of open.values())
              if (request.peer === 'honest' && open.has(request.id)) finish(request, now)
          }
          expect(s.done).toBe(true)
          expect(s.bytesMissing).toBe(0)
          expect(s.bytesUnderWay).toBe(0)
        },
      ),
      { numRuns: 150 },
    )
  })
})
