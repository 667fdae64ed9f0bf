import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '#node/kit'
import { changesBetween } from './changes.ts'
import { treeFiles } from './fixture.ts'
import { releaseHash } from './release-hash.ts'
import { comparePaths } from './tree.ts'

describe('the name of a release', () => {
  test('is the hash of the documented bytes', () => {
    const files = treeFiles({ 'roles.vgo': 'roles: []\n', 'configcrates/motd.vgo': 'name: motd\n' })
    const list = [
      'vigo/release/1',
      `0640 ${sha256Hex('name: motd\n')} configcrates/motd.vgo`,
      `0640 ${sha256Hex('roles: []\n')} roles.vgo`,
      '',
    ].join('\n')
    expect(releaseHash(files)).toBe(sha256Hex(list))
    expect(releaseHash(files)).toMatchInlineSnapshot(
      `"c37ddb61bc40075846548bd1dc1580343154c2ae3c3b1ef7aa7681bdce6239e5"`,
    )
  })

  test('does not depend on the order of the files, and depends on each path and each byte', () => {
    const file = fc.record({
      path: fc.string({ minLength: 1, unit: 'grapheme' }),
      sha256: fc.constantFrom('a', 'b', 'c'),
    })
    const files = fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 8 })
    fc.assert(
      fc.property(files, files, fc.infiniteStream(fc.nat()), (some, others, random) => {
        const ranked = some.map(entry => ({ entry, rank: random.next().value }))
        const shuffled = ranked.toSorted((a, b) => a.rank - b.rank).map(({ entry }) => entry)
        expect(releaseHash(shuffled)).toBe(releaseHash(some))
        const { added, changed, removed } = changesBetween(some, others)
        expect(releaseHash(some) === releaseHash(others)).toBe(added.length + changed.length + removed.length === 0)
      }),
    )
  })

  test('puts paths in the order of their UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(comparePaths(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
    )
  })
})

describe('changesBetween', () => {
  test('tells what was added, changed and removed, sorted', () => {
    const before = treeFiles({ 'c.vgo': '1', 'b.vgo': '1', 'a.vgo': '1', 'same.vgo': '1' })
    const after = treeFiles({ 'same.vgo': '1', 'e.vgo': '1', 'b.vgo': '2', 'a.vgo': '2', 'd.vgo': '1' })
    expect(changesBetween(before, after)).toEqual({
      added: ['d.vgo', 'e.vgo'],
      changed: ['a.vgo', 'b.vgo'],
      removed: ['c.vgo'],
    })
  })
})
