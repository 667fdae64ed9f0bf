import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runKilled } from '../../../../swarm/store/crash/run-killed.ts'
import { TestFolder } from '../../../store/release/fixture.ts'
import { TestChecker } from '../fixture.ts'
import { publish } from '../publish.ts'
import { openReleases } from './publish-script.ts'

const SCRIPT = fileURLToPath(new URL('./publish-script.ts', import.meta.url))
const ORIGINAL = { 'envoys.vgo': 'use: motd  \n', 'configcrates/motd.vgo': 'name: motd # note\n' }
const REPAIRED = { 'envoys.vgo': 'use: motd\n', 'configcrates/motd.vgo': '#~ Manages things\nname: motd # note\n' }
const RELEASED = { 'envoys.vgo': 'use: motd\n', 'configcrates/motd.vgo': 'name: motd\n' }
const BEFORE = { 'envoys.vgo': 'use: motd\n', 'configcrates/motd.vgo': 'name: old\n' }

test('a publish that is killed at any change of a file leaves whole sources and a whole release, and can be run again', async () => {
  let next = 1
  const untilTheEnd = async (): Promise<void> => {
    while (await survives(next++)) expect(next).toBeLessThan(1000)
  }
  await Promise.all([untilTheEnd(), untilTheEnd()])
  expect(next).toBeGreaterThan(60)
})

/** False when the script ended before it could be killed. */
async function survives(at: number): Promise<boolean> {
  await using folder = await TestFolder.create()
  const releases = openReleases(folder.path)
  const publishNow = () => publish({ releases, checker: new TestChecker(), author: 'bob', skipUrlCheck: true })
  await folder.write(BEFORE, 'stacks')
  await publishNow()
  await folder.write(ORIGINAL, 'stacks')

  const { killed, acknowledged } = await runKilled({ script: SCRIPT, args: [folder.path], at })
  const note = `killed at ${at} after ${acknowledged.join(', ')}`
  const stacks = await filesOf(join(folder.path, 'stacks'))
  for (const path of ['envoys.vgo', 'configcrates/motd.vgo'] as const) {
    expect([ORIGINAL[path], REPAIRED[path]], note).toContain(stacks.get(path))
  }
  if (acknowledged.includes('published')) expect(Object.fromEntries(stacks), note).toEqual(REPAIRED)
  const live = Object.fromEntries(await filesOf(join(folder.path, '.live')))
  const possible = acknowledged.includes('rolled-back')
    ? [BEFORE]
    : acknowledged.includes('published')
      ? [RELEASED, BEFORE]
      : [BEFORE, RELEASED]
  expect(possible, note).toContainEqual(live)

  await publishNow()
  expect(Object.fromEntries(await filesOf(join(folder.path, 'stacks'))), note).toEqual(REPAIRED)
  expect(Object.fromEntries(await filesOf(join(folder.path, '.live'))), note).toEqual(RELEASED)
  const { entries, damaged } = await releases.history()
  expect(damaged, note).toEqual([])
  expect((await releases.status()).entry, note).toEqual(entries[0])
  return killed
}

/** All files of a tree with their texts, hidden ones and temporary ones too. */
async function filesOf(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(`${folder}/`, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const texts = await Promise.all(
    files.map(async file => [file.slice(folder.length + 1), await readFile(file, 'utf8')] as const),
  )
  return new Map(texts)
}
