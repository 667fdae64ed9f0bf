import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HostOutcome } from '#config/publish'
import { CanaryWatch } from './canary-watch.ts'
import { selectCanaries } from './select-canaries.ts'

const fleet = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ hostname: `h${at}.example.com`, isTelling: true }))
const hash = (digit: string) => digit.repeat(64)

describe('canaries', () => {
  test.each([
    ['5%', 100, 5],
    ['5%', 10, 1],
    ['5%', 1, 1],
    ['100%', 7, 7],
    ['3', 10, 3],
    ['30', 10, 10],
    ['h1*', 12, 3],
    ['*', 4, 4],
  ])('%s of %i hosts are %i', (selector, hosts, count) => {
    expect(selectCanaries(selector, fleet(hosts), hash('a'))).toHaveLength(count)
  })

  test('are the same however hosts are listed, each once, and others for another release', () => {
    const hosts = fleet(200)
    fc.assert(
      fc.property(
        fc.shuffledSubarray(hosts, { minLength: 200 }),
        fc.integer({ min: 1, max: 100 }),
        (shuffled, percent) => {
          const chosen = selectCanaries(`${percent}%`, shuffled, hash('a'))
          expect(chosen).toEqual(selectCanaries(`${percent}%`, hosts, hash('a')))
          expect(new Set(chosen).size).toBe(chosen.length)
          expect(chosen.length).toBe(percent * 2)
        },
      ),
      { numRuns: 20 },
    )
    const first = selectCanaries('10%', hosts, hash('a'))
    expect(selectCanaries('10%', hosts, hash('b'))).not.toEqual(first)
    // One host more changes who is chosen by at most one.
    const more = selectCanaries('20', fleet(201), hash('a'))
    expect(more.filter(host => !first.includes(host)).length).toBeLessThanOrEqual(1)
  })

  test('are those that can tell something, as far as there are any', () => {
    const hosts = fleet(20).map((host, at) => ({ ...host, isTelling: at >= 17 }))
    const telling = hosts.filter(({ isTelling }) => isTelling).map(({ hostname }) => hostname)
    expect(selectCanaries('3', hosts, hash('a'))).toEqual(telling.toSorted())
    expect(selectCanaries('5', hosts, hash('a'))).toEqual(expect.arrayContaining(telling))
  })
})

describe('what canaries say', () => {
  const decide = (
    before: Record<string, HostOutcome>,
    reports: readonly (readonly [host: string, outcome: HostOutcome])[],
    isOver = false,
  ) => {
    const watch = new CanaryWatch(Object.keys(before).concat('x'), new Map(Object.entries(before)))
    for (const [at, [host, outcome]] of reports.entries()) watch.report(host, outcome, at)
    return watch.decide({ harmedPercent: 50, isOver }).decision
  }
  const WELL = { a: 'converged', b: 'changed' } as const

  test.each([
    ['nothing yet', [], false, 'wait'],
    [
      'changes that are not confirmed',
      [
        ['a', 'changed'],
        ['b', 'converged'],
        ['x', 'converged'],
      ],
      false,
      'wait',
    ],
    [
      'all converged',
      [
        ['a', 'changed'],
        ['a', 'converged'],
        ['b', 'converged'],
        ['x', 'converged'],
      ],
      false,
      'promote',
    ],
    [
      'one changes each time, as before',
      [
        ['a', 'converged'],
        ['b', 'changed'],
        ['b', 'changed'],
        ['x', 'converged'],
      ],
      false,
      'promote',
    ],
    [
      'one changes each time, as it did not before',
      [
        ['a', 'changed'],
        ['a', 'changed'],
        ['b', 'converged'],
        ['x', 'converged'],
      ],
      true,
      'ask',
    ],
    [
      'the stranger fails',
      [
        ['a', 'converged'],
        ['b', 'converged'],
        ['x', 'failed'],
      ],
      false,
      'promote',
    ],
    [
      'one fails, below the limit',
      [
        ['a', 'failed'],
        ['b', 'converged'],
        ['x', 'converged'],
      ],
      false,
      'wait',
    ],
    [
      'one fails, and the time is over',
      [
        ['a', 'failed'],
        ['b', 'converged'],
        ['x', 'converged'],
      ],
      true,
      'ask',
    ],
    [
      'one fails and recovers',
      [
        ['a', 'failed'],
        ['a', 'converged'],
        ['b', 'converged'],
        ['x', 'converged'],
      ],
      false,
      'promote',
    ],
    [
      'too many fail',
      [
        ['a', 'degraded'],
        ['b', 'failed'],
      ],
      false,
      'stop',
    ],
    [
      'too many fail, when the time is over',
      [
        ['a', 'degraded'],
        ['b', 'failed'],
      ],
      true,
      'stop',
    ],
    ['silence', [], true, 'ask'],
  ] as const)('%s', (_what, reports, isOver, decision) => {
    expect(decide(WELL, reports, isOver)).toBe(decision)
  })

  test('is never taken for well when a canary is worse than before, nor when nobody converged', () => {
    const outcome = fc.constantFrom<HostOutcome>('converged', 'changed', 'degraded', 'failed', 'unreachable')
    const host = fc.constantFrom('a', 'b', 'x')
    const rank = (each: HostOutcome) => ({ converged: 0, changed: 0, unreachable: 0, degraded: 1, failed: 2 })[each]
    fc.assert(
      fc.property(
        fc.record({ a: outcome, b: outcome }),
        fc.array(fc.tuple(host, outcome), { maxLength: 12 }),
        fc.boolean(),
        (before, reports, isOver) => {
          if (decide(before, reports, isOver) !== 'promote') return
          const latest = new Map<string, HostOutcome>(reports)
          for (const name of ['a', 'b'] as const) {
            if (before[name] !== 'unreachable')
              expect(rank(latest.get(name) ?? 'converged')).toBeLessThanOrEqual(rank(before[name]))
          }
          expect([...latest.values()].some(each => each === 'converged' || each === 'changed')).toBe(true)
          expect(latest.size).toBe(3)
        },
      ),
    )
  })
})
