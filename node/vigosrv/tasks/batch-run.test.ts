import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchRun, type Step } from './batch-run.ts'
import { batchesOf, batchSizeOf, maxFailuresOf, parseShare } from './share.ts'

const batchShare = (text: string) => parseShare('batch size', text, { mayBeNone: false })
const failureShare = (text: string) => parseShare('max failures', text, { mayBeNone: true })

const anyShare = fc.oneof(
  fc.integer({ min: 1, max: 2000 }).map(String),
  fc.integer({ min: 1, max: 100 }).map(percent => `${percent}%`),
)

describe('a share', () => {
  test.each([
    ['1', 10, 1],
    ['25%', 10, 2],
    ['25%', 4, 1],
    ['25%', 3, 1],
    ['25%', 1, 1],
    ['1%', 1, 1],
    ['100%', 7, 7],
    ['29%', 100, 29],
    ['50', 7, 7],
    ['5', 0, 0],
    ['50%', 0, 0],
  ])('batches of %s of %i hosts have %i', (share, hosts, size) => {
    expect(batchSizeOf(batchShare(share), hosts)).toBe(size)
  })

  test.each([
    ['0', 10, 0],
    ['2', 10, 2],
    ['2', 1, 1],
    ['10%', 5, 0],
    ['10%', 19, 1],
    ['100%', 7, 7],
    ['0%', 1000, 0],
  ])('of failures: %s of %i hosts are %i', (share, hosts, failures) => {
    expect(maxFailuresOf(failureShare(share), hosts)).toBe(failures)
  })

  test.each(['', '0', '0%', '101%', '-1', '1.5', '5 %', '5%%', 'all', '1e3', '9999999999'])('%j is refused', text => {
    expect(() => batchShare(text)).toThrow('it must be a number of hosts from 1, or a share from 1% to 100%')
  })
})

describe('batches', () => {
  test('have every host once, in order, and nobody more at a time than was said, for every size of a fleet', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3000 }), anyShare, (hosts, share) => {
        const all = Array.from({ length: hosts }, (_, at) => at)
        const size = batchSizeOf(batchShare(share), hosts)
        const batches = batchesOf(all, Math.max(1, size))
        expect(batches.flat()).toEqual(all)
        expect(batches.every(({ length }) => length > 0 && length <= size)).toBe(true)
        expect(batches.length).toBe(hosts === 0 ? 0 : Math.ceil(hosts / size))
        if (share.endsWith('%') && hosts > 0) {
          expect(size === 1 || size * 100 <= hosts * Number(share.slice(0, -1))).toBe(true)
        }
      }),
    )
  })
})

interface Case {
  readonly hosts: number
  readonly share: string
  readonly failures: string
  readonly results: readonly boolean[]
  readonly health: readonly boolean[]
  readonly order: readonly number[]
  readonly abortAt: number
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  hosts: fc.integer({ min: 1, max: 60 }),
  share: anyShare,
  failures: fc.oneof(
    fc.integer({ min: 0, max: 70 }).map(String),
    fc.integer({ min: 0, max: 100 }).map(n => `${n}%`),
  ),
  results: fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
  health: fc.array(fc.constantFrom(true, true, true, false), { minLength: 1, maxLength: 20 }),
  order: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
  abortAt: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(100)),
})

describe('a run', () => {
  test('keeps to batches, failures and health, whatever hosts do and in whatever order', () => {
    fc.assert(
      fc.property(anyCase, ({ hosts, share, failures, results, health, order, abortAt }) => {
        const names = Array.from({ length: hosts }, (_, at) => `h${at}`)
        const size = batchSizeOf(batchShare(share), hosts)
        const maxFailures = maxFailuresOf(failureShare(failures), hosts)
        const batches = batchesOf(names, size)
        const run = new BatchRun({ batches, maxFailures, hasHealthCheck: true })
        const started: string[] = []
        const open: string[] = []
        let failed = 0
        let events = 0
        let badHealth = false
        let isAborted = false
        const take = (step: Step): void => {
          if (step.step === 'start') {
            // The famous mistakes: a batch beside another one, after too many failures, after a bad health, after an abort.
            expect(open).toEqual([])
            expect(failed).toBeLessThanOrEqual(maxFailures)
            expect(badHealth || isAborted).toBe(false)
            expect(step.hosts.length).toBeLessThanOrEqual(size)
            started.push(...step.hosts)
            open.push(...step.hosts)
            expect(open.length + failed).toBeLessThanOrEqual(size + maxFailures)
          }
          if (step.step === 'check') {
            expect(open).toEqual([])
            badHealth = health[step.batch % health.length] === false
            take(run.healthAnswered(badHealth ? 'bad' : null))
          }
        }
        take(run.begin())
        while (run.phase.phase !== 'ended') {
          expect(open.length).toBeGreaterThan(0)
          if (events++ === abortAt) {
            isAborted = true
            take(run.abort('enough'))
            continue
          }
          const [host = ''] = open.splice(order[events % order.length]! % open.length, 1)
          const succeeded = results[events % results.length]!
          if (!succeeded) failed++
          take(run.hostEnded(host, succeeded))
          // Said twice, it counts once.
          expect(run.hostEnded(host, false)).toEqual({ step: 'wait' })
        }
        expect(started).toEqual(names.slice(0, started.length))
        const { state } = run.phase
        if (state === 'succeeded') {
          expect(started.length).toBe(hosts)
          expect(failed).toBeLessThanOrEqual(maxFailures)
        }
        if (isAborted) expect(state).not.toBe('succeeded')
        else expect(state).toBe(failed > maxFailures || badHealth ? 'failed' : 'succeeded')
        expect(run.failures).toBe(failed)
      }),
    )
  })

  test('of no hosts is over at once', () => {
    const run = new BatchRun({ batches: [], maxFailures: 0, hasHealthCheck: true })
    expect(run.begin()).toEqual({ step: 'done' })
    expect(run.phase).toEqual({ phase: 'ended', state: 'succeeded', reason: '' })
  })

  test('counts failures of all batches together, against all hosts', () => {
    const run = new BatchRun({
      batches: [
        ['a', 'b'],
        ['c', 'd'],
        ['e', 'f'],
      ],
      maxFailures: 1,
      hasHealthCheck: false,
    })
    run.begin()
    run.hostEnded('a', false)
    expect(run.hostEnded('b', true)).toEqual({ step: 'start', hosts: ['c', 'd'] })
    expect(run.hostEnded('c', false)).toEqual({ step: 'wait' })
    expect(run.hostEnded('d', true)).toEqual({ step: 'done' })
    expect(run.phase).toEqual({
      phase: 'ended',
      state: 'failed',
      reason: '2 of 6 hosts did not succeed; at most 1 may',
    })
  })

  test('stops after the first failure unless failures may be', () => {
    const run = new BatchRun({ batches: [['a'], ['b']], maxFailures: 0, hasHealthCheck: true })
    run.begin()
    expect(run.hostEnded('a', false)).toEqual({ step: 'done' })
    expect(run.phase).toMatchObject({ state: 'failed', reason: '1 of 2 hosts did not succeed; none may' })
  })

  test('that was aborted while its health was asked is over', () => {
    const run = new BatchRun({ batches: [['a'], ['b']], maxFailures: 0, hasHealthCheck: true })
    run.begin()
    expect(run.hostEnded('a', true)).toEqual({ step: 'check', batch: 1 })
    expect(run.abort('by alice')).toEqual({ step: 'done' })
    expect(run.healthAnswered(null)).toEqual({ step: 'wait' })
    expect(run.phase).toMatchObject({ state: 'aborted', reason: 'by alice' })
  })
})
