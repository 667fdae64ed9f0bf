import { expect, test } from 'vitest'
import { boltsInOrder, splayOf } from './bolts.ts'

test('bolts are tried in an own order: connected first, the one that failed last', () => {
  const bolts = ['a', 'b', 'c', 'd']
  const of = (self: string, connected: string[] = [], failed: string[] = []) =>
    boltsInOrder({ bolts, connected: new Set(connected), self, failed: new Set(failed) })
  expect(of('x', ['c'])[0]).toBe('c')
  expect(of('x', ['c'], ['c', 'gone']).at(-1)).toBe('c')
  expect(of('x', [], ['d', 'a']).slice(-2)).toEqual(['d', 'a'])
  expect(of('x', ['b'], ['d', 'a']).toSorted()).toEqual(bolts)
  const firsts = new Set(Array.from({ length: 40 }, (_, n) => of(`envoy${n}`)[0]))
  expect(firsts.size).toBe(4)
  const splays = Array.from({ length: 200 }, (_, n) => splayOf(`envoy${n}`))
  expect(Math.max(...splays) - Math.min(...splays)).toBeGreaterThan(0.8)
})
