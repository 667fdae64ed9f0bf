import { expect, test } from 'vitest'
import { boltsInOrder, splayOf } from './bolts.ts'

test('bolts are tried from the home on, then those that are connected, and the one that failed last at the end', () => {
  const bolts = ['a', 'b', 'c', 'd']
  const of = (connected: string[] = [], failed: string[] = []) =>
    boltsInOrder({ bolts, connected: new Set(connected), failed: new Set(failed) })
  expect(of()).toEqual(bolts)
  expect(of(['d', 'c'])).toEqual(['a', 'c', 'd', 'b'])
  expect(of(['c'], ['c', 'gone'])).toEqual(['a', 'b', 'd', 'c'])
  expect(of([], ['d', 'a'])).toEqual(['b', 'c', 'd', 'a'])
})

test('machines have places in an interval that are spread over it', () => {
  const splays = Array.from({ length: 200 }, (_, n) => splayOf(`envoy${n}`))
  expect(Math.max(...splays) - Math.min(...splays)).toBeGreaterThan(0.8)
})
