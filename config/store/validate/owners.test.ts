import { expect, test } from 'vitest'
import { filesOf } from '../fixture.ts'
import type { Inclusion } from '../resolve/index.ts'
import { type Crate, loadConfig } from '../tree/index.ts'
import { Owners } from './owners.ts'
import type { Part } from './parts.ts'

const { configcrates } = loadConfig(
  filesOf(
    Object.fromEntries(['a', 'b', 'c'].map(name => [`configcrates/${name}.vgo`, `name: ${name}\nresources: []\n`])),
  ),
)
const part = (...codes: string[]): Part => ({ codes: codes.join(''), urls: [] })
const areApart = (owners: Owners, ...all: readonly (readonly [name: string, part: Part])[]): boolean => {
  const inclusions = all.map(
    ([name]): Inclusion => ({ crate: configcrates.get(name) as Crate, condition: true, reasons: [] }),
  )
  return owners.areApart(
    inclusions,
    all.map(([, each]) => each),
  )
}

test('crates that manage nothing together are apart, however one of them differs between entries', () => {
  const owners = new Owners()
  expect(areApart(owners, ['a', part('00000001', '00000002')], ['b', part('00000003')])).toBe(true)
  expect(areApart(owners, ['a', part('00000001', '00000004')], ['b', part('00000003')])).toBe(true)
})

test('crates with one code are not apart where they meet, and are elsewhere', () => {
  const owners = new Owners()
  const [a, b, c] = [part('00000001', '00000002'), part('00000003'), part('00000002')]
  expect(areApart(owners, ['a', a], ['b', b])).toBe(true)
  expect(areApart(owners, ['b', b], ['c', c])).toBe(true)
  expect(areApart(owners, ['a', a], ['b', b], ['c', c])).toBe(false)
  expect(areApart(owners, ['a', a], ['b', b])).toBe(true)
})

test('a crate with a code twice is not apart from itself', () => {
  expect(areApart(new Owners(), ['a', part('00000001', '00000001')])).toBe(false)
})
