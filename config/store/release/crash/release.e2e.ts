import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runKilled } from '../../../../swarm/store/crash/run-killed.ts'
import { treeFiles } from '../fixture.ts'
import { releaseHash } from '../release-hash.ts'
import type { Releases } from '../releases.ts'
import { HASHES, openReleases, STEPS, TREES } from './release-script.ts'

const SCRIPT = fileURLToPath(new URL('./release-script.ts', import.meta.url))

test('a publisher that is killed at any change of a file leaves the release before or the new one, and the next one goes on', async () => {
  let next = 1
  const untilTheEnd = async (): Promise<void> => {
    while (await survives(next++)) expect(next).toBeLessThan(1000)
  }
  await Promise.all([untilTheEnd(), untilTheEnd()])
  expect(next).toBeGreaterThan(100)
})

/** False when the script ended before it could be killed. */
async function survives(at: number): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-crash-'))
  try {
    const { killed, acknowledged } = await runKilled({ script: SCRIPT, args: [folder], at })
    const note = `killed at ${at}`
    const done = acknowledged.length
    const releases = openReleases(folder)
    const live = await liveTree(releases, note)
    const possible = [STEPS[done - 1], STEPS[done]]
    expect(possible, note).toContain(live)
    // A reader without the lock sees a history that fits to what is live.
    await historyFits(releases, done, live, note)
    await (await releases.publisher({ doing: 'publish', waitMs: 0 }))[Symbol.asyncDispose]()
    expect(await liveTree(releases, note), note).toBe(live)
    await historyFits(releases, done, live, note)
    await isTidy(folder, releases, note)
    await goesOn(releases, note)
    await isTidy(folder, releases, `${note}, then published`)
    return killed
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The name of the tree that is live, which is whole. */
async function liveTree(releases: Releases, note: string): Promise<string | undefined> {
  const live = await releases.live()
  if (live === null) return undefined
  const { files, problems } = await releases.tree(live)
  expect(problems, note).toEqual([])
  expect(releaseHash(files), note).toBe(live)
  return [...HASHES].find(([, hash]) => hash === live)?.[0]
}

async function historyFits(releases: Releases, done: number, live: string | undefined, note: string): Promise<void> {
  const { entries, damaged } = await releases.history()
  expect(damaged, note).toEqual([])
  const steps = entries.toReversed().map(({ number, release, kind, basedOn, author, reason }, index) => {
    expect(number, note).toBe(index + 1)
    expect(kind, note).toBe(index === 2 ? 'rollback' : 'publish')
    expect(basedOn, note).toBe(index === 0 ? null : HASHES.get(STEPS[index - 1]!))
    expect([author, reason], note).toEqual(['alice', 'because'])
    return [...HASHES].find(([, hash]) => hash === release)?.[0]
  })
  expect(steps, note).toEqual(STEPS.slice(0, steps.length))
  expect(steps.length, note).toBeGreaterThanOrEqual(done)
  expect(steps.length, note).toBeLessThanOrEqual(done + 1)
  expect(steps.at(-1), note).toBe(live)
}

async function isTidy(folder: string, releases: Releases, note: string): Promise<void> {
  expect(
    (await readdir(folder)).filter(name => !['.live', 'releases'].includes(name)),
    note,
  ).toEqual([])
  const { entries } = await releases.history()
  const kept = new Set<string>()
  for (const { release } of entries) if (kept.size < 2) kept.add(release)
  const live = entries[0]?.release
  const own = ['.lock', '.spare', '.spare.stamps', 'archive.sqlite', 'history']
  const names = (await readdir(join(folder, 'releases'))).filter(name => !own.includes(name))
  const trees = names.filter(name => !/\.(?:sources|stamps)$/.test(name))
  expect(trees, note).toEqual(live === undefined ? [] : [live])
  for (const release of kept) expect(releaseHash((await releases.tree(release)).files), note).toBe(release)
  expect(names.filter(name => name.endsWith('.sources')).toSorted(), note).toEqual(
    [...kept].map(hash => `${hash}.sources`).toSorted(),
  )
  const history = await readdir(join(folder, 'releases/history'))
  expect(history, note).toHaveLength(entries.length)
}

async function goesOn(releases: Releases, note: string): Promise<void> {
  const files = treeFiles({ ...TREES.C, 'more.vgo': 'more\n' })
  await using publisher = await releases.publisher({ doing: 'publish', waitMs: 0 })
  const counts = { configcrates: 1, roles: 0, envoyEntries: 0 }
  const sources = new Map(files.map(({ path, sha256 }) => [path, sha256]))
  await publisher.publish({ files, counts, sources, author: '', reason: '' })
  expect(await releases.live(), note).toBe(releaseHash(files))
}
