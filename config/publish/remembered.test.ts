import { readdir, rm } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Releases, readMemory, releasePlaces, sampleTree, writeMemory } from '#config/store'
import { TestFolder } from '../store/release/fixture.ts'
import { type PublishResult, publish, publishJson, treeChecker } from './index.ts'

const TREE = Object.fromEntries(
  sampleTree({ configcrates: 4, resources: 12, entries: 4, cratesPerRole: 3 }).map(({ path, text }) => [path, text]),
)
const paths = Object.keys(TREE)

/** What authors do to a line, sensible or not. */
const edit = fc.record({
  path: fc.constantFrom(...paths),
  line: fc.nat({ max: 30 }),
  as: fc.constantFrom(
    (line: string) => `${line}  `,
    () => '',
    (line: string) => `${line}\n${line}`,
    (line: string) => line.replace(/[0-9]+/, '7'),
    (line: string) => line.replace('crate-1', 'crate-2'),
    (line: string) => `${line} # note`,
    (line: string) => line.replace('.Vars.', '.Vars.no_'),
    (line: string) => line.replace(': ', ':'),
  ),
})

function edited(text: string, at: number, as: (line: string) => string): string {
  return text
    .split('\n')
    .map((line, index) => (index === at ? as(line) : line))
    .join('\n')
}

/** Each time as a process of its own. */
async function publishIn(folder: TestFolder, tree: Readonly<Record<string, string>>): Promise<PublishResult> {
  await folder.write(tree, 'stacks')
  const releases = new Releases({ places: releasePlaces(folder.path) })
  return await publish({ releases, checker: treeChecker(), author: 'alice', skipUrlCheck: true })
}

function told(result: PublishResult): unknown {
  const { outcome } = result
  const entry = outcome === 'published' ? { ...result.entry, time: '' } : null
  return { ...publishJson(result), outcome, entry }
}

describe('publish with what earlier runs found', () => {
  test('says and releases what it would without, after any edit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async edits => {
        await using remembering = await TestFolder.create()
        await using forgetting = await TestFolder.create()
        let tree: Readonly<Record<string, string>> = TREE
        for (const { path, line, as } of [{ path: paths[0] ?? '', line: -1, as: String }, ...edits]) {
          tree = { ...tree, [path]: edited(tree[path] ?? '', line, as) }
          const expected = await publishIn(forgetting, tree)
          await rm(releasePlaces(forgetting.path).memory, { force: true })
          expect(told(await publishIn(remembering, tree))).toEqual(told(expected))
        }
      }),
      { numRuns: 8 },
    )
  }, 60_000)

  test('leaves nothing of it in a dry run, and tells the same', async () => {
    await using folder = await TestFolder.create()
    await folder.write(TREE, 'stacks')
    const places = releasePlaces(folder.path)
    const options = { releases: new Releases({ places }), author: 'alice', dryRun: true }
    const first = told(await publish({ ...options, checker: treeChecker() }))
    expect(await readdir(folder.path)).toEqual(['stacks'])
    await publishIn(folder, TREE)
    const { memory, version } = treeChecker()
    expect(memory.isEmpty).toBe(true)
    expect((await readMemory(places, version)).size).toBeGreaterThan(paths.length)
    await rm(places.live)
    expect(told(await publish({ ...options, checker: treeChecker() }))).toMatchObject({
      counts: (first as PublishResult).counts,
    })
  })

  test('releases what the sources are, whatever a record of its own user says of them', async () => {
    await using folder = await TestFolder.create()
    const first = await publishIn(folder, TREE)
    const places = releasePlaces(folder.path)
    const { version } = treeChecker()
    const records = new Map(await readMemory(places, version))
    for (const [key, value] of records)
      if (key.startsWith('file ')) records.set(key, value.replaceAll('nobody', 'root'))
    await writeMemory(places, version, records)
    await rm(places.live)
    const again = await publishIn(folder, TREE)
    expect(first).toMatchObject({ outcome: 'published' })
    expect(again).toMatchObject({
      outcome: 'published',
      entry: { release: (first as { entry: { release: string } }).entry.release },
    })
  })
})
