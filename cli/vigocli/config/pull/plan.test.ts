import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TreeFile } from '#config/store'
import { type PullPlan, planPull } from './plan.ts'

const file = (path: string, text: string): TreeFile => ({ path, bytes: Buffer.from(text), sha256: text })
const files = (texts: Readonly<Record<string, string>>): TreeFile[] =>
  Object.entries(texts).map(([path, text]) => file(path, text))
const hashes = (texts: Readonly<Record<string, string>>) => new Map(Object.entries(texts))

const words = ({ take, remove, keep, conflicts }: PullPlan) => ({
  take: take.map(({ path, sha256 }) => `${path}=${sha256}`),
  remove,
  keep,
  conflicts: conflicts.map(({ path, published }) => `${path}=${published?.sha256 ?? 'gone'}`),
})

test('what changed on one side only is as that side left it; what changed on both is a conflict', () => {
  const base = { same: '1', theirs: '1', mine: '1', both: '1', alike: '1', 'gone there': '1', 'gone here': '1' }
  const mine = { same: '1', theirs: '1', mine: '2', both: '2', alike: '3', 'gone there': '1', 'new here': '1' }
  const theirs = { same: '1', theirs: '2', mine: '1', both: '3', alike: '3', 'gone here': '1', 'new there': '1' }
  expect(words(planPull(hashes(mine), files(theirs), hashes(base)))).toEqual({
    take: ['new there=1', 'theirs=2'],
    remove: ['gone there'],
    keep: ['gone here', 'mine', 'new here'],
    conflicts: ['both=3'],
  })
})

test('a file that one side removed and the other changed is a conflict', () => {
  const plan = planPull(hashes({ a: '2' }), files({ b: '2' }), hashes({ a: '1', b: '1' }))
  expect(words(plan)).toEqual({ take: [], remove: [], keep: [], conflicts: ['a=gone', 'b=2'] })
})

test('without a base nothing that is here is touched', () => {
  const plan = planPull(hashes({ here: '1', both: '1', same: '1' }), files({ there: '2', both: '2', same: '1' }), null)
  expect(words(plan)).toEqual({ take: ['there=2'], remove: [], keep: ['here'], conflicts: ['both=2'] })
})

const tree = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2', '3'))

/** What the tree is after a pull whose conflicts stay as they are here. */
function after(here: Readonly<Record<string, string>>, { take, remove }: PullPlan): Record<string, string> {
  const left = Object.entries(here).filter(([path]) => !remove.includes(path))
  return { ...Object.fromEntries(left), ...Object.fromEntries(take.map(({ path, sha256 }) => [path, sha256])) }
}

test('a pull loses no change of either side, and a second one finds nothing to do', () => {
  fc.assert(
    fc.property(tree, tree, fc.option(tree), (here, there, base) => {
      const plan = planPull(hashes(here), files(there), base === null ? null : hashes(base))
      const now = after(here, plan)
      const conflicts = new Set(plan.conflicts.map(({ path }) => path))
      for (const path of ['a', 'b', 'c', 'd']) {
        const [mine, theirs, was] = [here[path], there[path], base === null ? undefined : base[path]]
        const isMineLost = now[path] !== mine && mine !== was
        const isTheirsLost = now[path] !== theirs && theirs !== was && !conflicts.has(path)
        expect([path, isMineLost, isTheirsLost]).toEqual([path, false, false])
      }
      const again = planPull(hashes(now), files(there), hashes(there))
      expect([again.take, again.remove, again.conflicts]).toEqual([[], [], []])
    }),
  )
})
