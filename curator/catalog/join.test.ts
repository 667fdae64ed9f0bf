import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dictionary } from '#node/kit'
import type { Entry, PlatformBlob } from './entry.ts'
import { type Head, headsOf, isAncestor, joinHeads } from './join.ts'

const founder = 'aa'.repeat(32)

function blob(name: string): PlatformBlob {
  return { os: 'linux', arch: 'amd64', blobSha: name.padEnd(64, '0'), sizeBytes: 1, chunks: 'cc'.repeat(32) }
}

function entry(fields: Partial<Entry>): Entry {
  return {
    name: 'tool',
    kind: 'generic',
    founder,
    signer: founder,
    delegations: [],
    epoch: 0,
    seq: 1,
    parents: [],
    clock: { a: 1 },
    versions: {},
    tags: {},
    target: '',
    recipients: ['*'],
    tombstone: false,
    issuedAt: 0,
    ...fields,
  }
}

/** Entries as a few machines could have written them: each write includes a random subset of what existed before. */
const history = fc
  .array(
    fc.record({
      writer: fc.constantFrom('a', 'b', 'c'),
      saw: fc.array(fc.nat(30), { maxLength: 3 }),
      version: fc.constantFrom('1', '2', '3', 'constructor'),
      bytes: fc.constantFrom('e', 'f'),
      tag: fc.constantFrom('latest', 'stable', 'toString'),
      tombstone: fc.boolean(),
      rekey: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map(writes => {
    const heads: Head[] = []
    const counts = dictionary<number>()
    for (const [index, write] of writes.entries()) {
      const seen = headsOf(write.saw.map(i => heads[i % (heads.length || 1)]).filter(head => head !== undefined))
      const view = seen.length > 0 ? joinHeads(seen) : undefined
      const clock = dictionary<number>()
      for (const head of seen) {
        for (const [writer, n] of Object.entries(head.entry.clock)) clock[writer] = Math.max(clock[writer] ?? 0, n)
      }
      const count = Math.max(counts[write.writer] ?? 0, clock[write.writer] ?? 0) + 1
      counts[write.writer] = count
      clock[write.writer] = count
      const versions = dictionary([
        ...Object.entries(view?.versions ?? {}),
        ...(view?.versions[write.version] === undefined ? [[write.version, [blob(write.bytes)]] as const] : []),
      ])
      heads.push({
        hash: index.toString(16).padStart(64, '0'),
        entry: entry({
          clock,
          versions: write.tombstone ? {} : versions,
          tags: write.tombstone ? {} : dictionary([...Object.entries(view?.tags ?? {}), [write.tag, write.version]]),
          tombstone: write.tombstone,
          seq: 1 + Math.max(0, ...seen.map(head => head.entry.seq)),
          epoch: (view?.epoch ?? 0) + (write.rekey && index % 5 === 4 ? 1 : 0),
          issuedAt: index,
        }),
      })
    }
    return heads
  })

describe('the join of heads', () => {
  test('does not depend on the order, grouping or repetition in which entries arrive', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat(1000)), (all, random) => {
        const expected = headsOf(all)
        const shuffled = all
          .map(head => ({ head, key: random.next().value }))
          .sort((x, y) => x.key - y.key)
          .map(({ head }) => head)
        let merged: Head[] = []
        for (const head of [...shuffled, ...shuffled]) merged = headsOf([...merged, head])
        expect(merged).toEqual(expected)
        const cut = Math.floor(all.length / 2)
        expect(headsOf([...headsOf(shuffled.slice(0, cut)), ...headsOf(shuffled.slice(cut))])).toEqual(expected)
        expect(headsOf(expected)).toEqual(expected)
        expect(joinHeads(merged)).toEqual(joinHeads(expected))
      }),
    )
  })

  test('being an ancestor is a strict partial order', () => {
    fc.assert(
      fc.property(history, all => {
        for (const a of all) {
          expect(isAncestor(a.entry, a.entry)).toBe(false)
          for (const b of all) {
            if (isAncestor(a.entry, b.entry)) expect(isAncestor(b.entry, a.entry)).toBe(false)
            for (const c of all) {
              if (isAncestor(a.entry, b.entry) && isAncestor(b.entry, c.entry))
                expect(isAncestor(a.entry, c.entry)).toBe(true)
            }
          }
        }
      }),
      { numRuns: 50 },
    )
  })

  test('keeps every version that was published on both sides of a partition', () => {
    const heads = headsOf([
      {
        hash: '01',
        entry: entry({
          clock: { a: 2 },
          seq: 2,
          versions: { '1': [blob('a')], '2': [blob('b')] },
          tags: { latest: '2' },
        }),
      },
      {
        hash: '02',
        entry: entry({
          clock: { a: 1, b: 1 },
          seq: 2,
          versions: { '1': [blob('a')], '3': [blob('c')] },
          tags: { edge: '3' },
        }),
      },
    ])
    const view = joinHeads(heads)
    expect(Object.keys(view.versions).sort()).toEqual(['1', '2', '3'])
    expect({ ...view.tags }).toEqual({ latest: '2', edge: '3' })
    expect(view.conflicts).toEqual([])
  })

  test('shows the same version with other bytes as a conflict that the lower seq wins', () => {
    const heads = headsOf([
      { hash: '01', entry: entry({ clock: { a: 1, b: 3 }, seq: 4, versions: { '1': [blob('f')] } }) },
      { hash: '02', entry: entry({ clock: { a: 2 }, seq: 2, versions: { '1': [blob('e')] } }) },
    ])
    const view = joinHeads(heads)
    expect(view.versions['1']?.[0]?.blobSha).toBe(blob('e').blobSha)
    expect(view.conflicts).toEqual([
      { type: 'blob', version: '1', platform: 'linux/amd64', blobs: [blob('e').blobSha, blob('f').blobSha] },
    ])
  })

  test('a tombstone does not remove what its writer had not seen', () => {
    const removed = { hash: '01', entry: entry({ clock: { a: 2 }, seq: 2, tombstone: true }) }
    const published = { hash: '02', entry: entry({ clock: { a: 1, b: 1 }, seq: 2, versions: { '2': [blob('b')] } }) }
    expect(joinHeads(headsOf([removed, published])).tombstone).toBe(false)
    expect(joinHeads(headsOf([removed])).tombstone).toBe(true)
  })

  test('an entry of an older key is dropped once a newer key has written', () => {
    const old = { hash: '01', entry: entry({ clock: { a: 9 }, seq: 9 }) }
    const rekeyed = { hash: '02', entry: entry({ clock: { b: 1 }, seq: 3, epoch: 1 }) }
    expect(headsOf([old, rekeyed])).toEqual([rekeyed])
  })
})
