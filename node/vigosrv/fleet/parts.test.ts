import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noCounts, type Run } from '#node/checkin'
import { Allowance } from './allowance.ts'
import { reachabilityOf } from './axes.ts'
import { Gate } from './gate.ts'
import { fitRun } from './run-record.ts'
import { Tally } from './tally.ts'
import { DRIFTS, type EnvoyRow, FLEET_STATUSES, REACHABILITIES } from './types.ts'

describe('a tally', () => {
  const rowOf = fc.record({
    peer: fc.constantFrom('a', 'b', 'c', 'd'),
    status: fc.constantFrom(...FLEET_STATUSES),
    drift: fc.constantFrom(...DRIFTS),
    reachability: fc.constantFrom(...REACHABILITIES),
    isConnected: fc.boolean(),
    release: fc.constantFrom(null, 'r1', 'r2'),
    wantedRelease: fc.constantFrom(null, 'r1', 'r2'),
  })
  const step = fc.oneof(rowOf, fc.constantFrom('a', 'b', 'c'))

  test('that was kept up to date is what counting from the beginning gives', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const rows = new Map<string, EnvoyRow>()
        const tally = new Tally()
        for (const each of steps) {
          if (typeof each === 'string') {
            rows.delete(each)
            tally.remove(each)
          } else {
            rows.set(each.peer, each as EnvoyRow)
            tally.set(each as EnvoyRow)
          }
        }
        const fresh = new Tally()
        for (const row of rows.values()) fresh.set(row)
        expect(tally.counts).toEqual(fresh.counts)
        const { counts } = tally
        expect(counts.envoys).toBe(rows.size)
        for (const axis of [counts.status, counts.drift, counts.reachability]) {
          expect(Object.values(axis).reduce((sum, count) => sum + count, 0)).toBe(rows.size)
        }
        expect(counts.upToDate).toBe(
          [...rows.values()].filter(
            ({ release, wantedRelease, status }) =>
              release !== null && release === wantedRelease && status === 'converged',
          ).length,
        )
      }),
    )
  })
})

describe('a gate', () => {
  test('lets so many work at a time, in the order in which they came, and turns away whom there is no room for', async () => {
    const gate = new Gate({ running: 2, waiting: 3, waitingBytes: 100 })
    const finish: (() => void)[] = []
    const order: number[] = []
    const outcomes = Array.from({ length: 8 }, (_, at) =>
      gate.run(10, async () => {
        order.push(at)
        await new Promise<void>(resolve => finish.push(resolve))
        return at
      }),
    )
    expect(await Promise.all(outcomes.slice(5))).toEqual([null, null, null])
    while (finish.length > 0) {
      expect(gate.running).toBeLessThanOrEqual(2)
      finish.shift()?.()
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(await Promise.all(outcomes.slice(0, 5))).toEqual([0, 1, 2, 3, 4])
    expect(order).toEqual([0, 1, 2, 3, 4])
    expect([gate.running, gate.waiting]).toEqual([0, 0])
  })

  test('turns away what would fill the memory, however patient it is, and a failure frees its place', async () => {
    const gate = new Gate({ running: 1, waiting: 1, waitingBytes: 100 })
    const first = gate.run(0, async () => {
      await new Promise(resolve => setImmediate(resolve))
      throw new Error('broken')
    })
    const patient = [60, 30, 20].map(bytes => gate.run(bytes, async () => bytes, { evenIfLong: true }))
    await expect(first).rejects.toThrow('broken')
    expect(await Promise.all(patient)).toEqual([60, 30, null])
    expect(await gate.run(1000, async () => 'free')).toBe('free')
  })
})

describe('an allowance', () => {
  test('never lets a sender that waits as told have more than the burst and its rate', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.01, max: 50, noNaN: true }), { minLength: 1 }), costs => {
        const allowance = new Allowance({ burst: 20, perSecond: 5, nowMs: 0 })
        let nowMs = 0
        let spent = 0
        for (const cost of costs) {
          nowMs += allowance.spend(cost, nowMs)
          spent += cost
          expect(spent).toBeLessThanOrEqual(20 + (nowMs / 1000) * 5 + 1e-6)
        }
      }),
    )
  })
})

test('an allowance does not get into debt by what is spent only if it is there', () => {
  const allowance = new Allowance({ burst: 2, perSecond: 4, nowMs: 0 })
  expect(allowance.spendIfThere(2, 0)).toBe(true)
  expect(allowance.spendIfThere(1, 200)).toBe(false)
  expect(allowance.spendIfThere(1, 250)).toBe(true)
  expect(allowance.spend(0, 250)).toBe(0)
})

test('an envoy is stale after two and a half of its own intervals, and not before', () => {
  expect(reachabilityOf(null, 1000)).toBe('never-seen')
  expect(reachabilityOf(2500, 1000)).toBe('online')
  expect(reachabilityOf(2501, 1000)).toBe('stale')
})

test('a run that is made to fit fits, and tells of every result', () => {
  const result = fc.record({
    id: fc.string({ maxLength: 50 }),
    type: fc.constant('exec'),
    state: fc.constant('failed' as const),
    message: fc.string({ maxLength: 500 }),
    output: fc.string({ maxLength: 5000, unit: 'grapheme' }),
    durationMs: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(result, { maxLength: 40 }), fc.integer({ min: 4096, max: 65_536 }), (results, maxBytes) => {
      const run: Run = {
        id: 'a'.repeat(32),
        release: 'b'.repeat(64),
        bundle: 'c'.repeat(64),
        mode: 'enforce',
        startedAt: 0,
        durationMs: 0,
        outcome: 'completed',
        offline: false,
        counts: noCounts(),
        results,
        resultsLeftOut: 2,
      }
      const fitted = fitRun(run, maxBytes)
      expect(Buffer.byteLength(JSON.stringify(fitted))).toBeLessThanOrEqual(maxBytes)
      expect(fitted.results.length + fitted.resultsLeftOut).toBe(results.length + 2)
      expect(fitted.results.map(({ id }) => id)).toEqual(results.slice(0, fitted.results.length).map(({ id }) => id))
    }),
  )
})
