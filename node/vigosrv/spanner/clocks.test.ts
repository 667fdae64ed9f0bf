import { expect, test } from 'vitest'
import { clockProblem, ownClockProblem } from './clocks.ts'

const HOUR = 3_600_000

test('clocks that differ by minutes are in order, and more is said with the names of both servers', () => {
  for (const aheadMs of [0, 300_000, -300_000]) expect(clockProblem({ hostname: 'b', aheadMs }, 'a')).toBe('')
  expect(clockProblem({ hostname: 'b', aheadMs: HOUR }, 'a')).toMatch(/1h 0m ahead of a's, .* that b publishes/)
  expect(clockProblem({ hostname: 'b', aheadMs: -HOUR }, 'a')).toMatch(/1h 0m behind a's, .* that a publishes/)
})

test('one slow clock among several keeps nobody from publishing, most of them do', () => {
  const of = (...hours: number[]) => hours.map((hour, at) => ({ hostname: `b${at}`, aheadMs: hour * HOUR }))
  expect(ownClockProblem([])).toBe('')
  expect(ownClockProblem(of(-5, 0))).toBe('')
  expect(ownClockProblem(of(5, 5))).toBe('')
  expect(ownClockProblem(of(-5, -5, 0))).toMatch(/5h 0m ahead of b0's and b1's/)
  expect(ownClockProblem(of(-5))).toMatch(/then publish again/)
})
