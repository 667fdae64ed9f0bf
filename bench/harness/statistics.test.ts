import { expect, test } from 'vitest'
import { interleaved, median, percentile } from './statistics.ts'

test('a median of an even number of values is the mean of the two in the middle', () => {
  expect(median([4, 1, 3])).toBe(3)
  expect(median([4, 1, 3, 2])).toBe(2.5)
})

test('a percentile is a value that was measured', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect(percentile(hundred, 0.99)).toBe(99)
  expect(percentile([7], 0.5)).toBe(7)
})

test('pairs alternate which side goes first, and the first pair is not counted', async () => {
  const order: string[] = []
  let ours = 100
  const result = await interleaved(2, {
    ours: async () => {
      order.push('ours')
      return ours--
    },
    baseline: async () => {
      order.push('baseline')
      return 50
    },
  })
  expect(order).toEqual(['ours', 'baseline', 'baseline', 'ours', 'ours', 'baseline'])
  expect(result.each).toEqual([
    { ours: 99, baseline: 50 },
    { ours: 98, baseline: 50 },
  ])
  expect(result.ratio).toBeCloseTo(1.97)
})
