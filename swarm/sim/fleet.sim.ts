import { describe, expect, test } from 'vitest'
import { type FleetOptions, type FleetReport, simulateFleet } from './index.ts'

const MB = 1_000_000
const SEEDS = [1, 2, 3]

function run(options: FleetOptions): FleetReport {
  const report = simulateFleet(options)
  const { durationsMs: _, ...summary } = report
  console.log(JSON.stringify(summary))
  return report
}

describe.each(SEEDS)('32 hosts and one origin, seed %i', seed => {
  const base: FleetOptions = {
    seed,
    hosts: 32,
    origins: 1,
    blobBytes: 400 * MB,
    bytesPerSecond: 100 * MB,
    chunkBytes: MB,
  }

  test('that start together all complete near the bound, and the origin sends little more than one blob', () => {
    const report = run({ ...base, neighbours: 32 })
    expect(report.incomplete).toEqual([])
    expect(report.chunksWrittenTwice).toBe(0)
    expect(report.originBytes).toBeLessThanOrEqual(1.25 * base.blobBytes)
    expect(report.maxMs).toBeLessThan(1.5 * report.boundMs)
  })

  test('complete although the fleet is cut in two for a while', () => {
    const report = run({
      ...base,
      partitions: [{ fromMs: 1_500, untilMs: 9_000, side: host => host % 2 }],
    })
    expect(report.incomplete).toEqual([])
    expect(report.chunksWrittenTwice).toBe(0)
  })

  test('complete although a third of them leave and come back', () => {
    const churn = Array.from({ length: 10 }, (_, i) => ({
      host: 3 * i,
      leaveMs: 500 + 300 * i,
      returnMs: 3_000 + 500 * i,
    }))
    const report = run({ ...base, churn })
    expect(report.incomplete).toEqual([])
    expect(report.chunksWrittenTwice).toBe(0)
  })

  test('complete although four of them send wrong bytes, which are found out', () => {
    const report = run({ ...base, liars: [3, 9, 17, 30] })
    expect(report.incomplete).toEqual([])
    expect(report.chunksWrittenTwice).toBe(0)
    expect(report.bans).toBeGreaterThan(0)
    expect(report.bans).toBeLessThanOrEqual(28 * 4)
  })

  test('are not held up by six hosts that are a hundred times slower', () => {
    const isSlow = (host: number): boolean => host < 6
    const report = run({ ...base, hostBytesPerSecond: host => (isSlow(host) ? MB : 100 * MB), giveUpMs: 1_200_000 })
    const fast = report.durationsMs.filter((_, host) => !isSlow(host)).map(ms => ms ?? Number.POSITIVE_INFINITY)
    expect(report.incomplete).toEqual([])
    expect(Math.max(...fast)).toBeLessThan(2 * report.boundMs)
  })

  test('with all of it at once still complete', () => {
    const report = run({
      ...base,
      liars: [5, 11],
      hostBytesPerSecond: host => (host % 8 === 1 ? 10 * MB : 100 * MB),
      churn: [2, 12, 22].map(host => ({ host, leaveMs: 1_000 + 100 * host, returnMs: 12_000 })),
      partitions: [{ fromMs: 2_000, untilMs: 6_000, side: host => (host < 16 ? 0 : 1) }],
    })
    expect(report.incomplete).toEqual([])
    expect(report.chunksWrittenTwice).toBe(0)
  })
})

describe('a large fleet', () => {
  test('of 2,600 hosts takes an image in little more than the time of one link', () => {
    const report = run({ seed: 1, hosts: 2_600, origins: 5, blobBytes: 600 * MB, bytesPerSecond: 300 * MB })
    expect(report.incomplete).toEqual([])
    expect(report.chunksWrittenTwice).toBe(0)
    expect(report.p50Ms).toBeLessThan(1.8 * report.boundMs)
    expect(report.p999Ms).toBeLessThan(2.5 * report.boundMs)
  })

  test('is the same twice for one seed', () => {
    const options = { seed: 7, hosts: 60, origins: 2, blobBytes: 200 * MB, bytesPerSecond: 300 * MB }
    expect(simulateFleet(options)).toEqual(simulateFleet(options))
  })
})
