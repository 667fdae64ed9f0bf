import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BareRepository } from '#gitback/repo'
import { runKilled } from '../../../swarm/store/crash/run-killed.ts'
import { Workshop } from '../../fixture.ts'
import { follow, MAIN } from './fetch-script.ts'

const SCRIPT = fileURLToPath(new URL('./fetch-script.ts', import.meta.url))

let shop: Workshop
let source: BareRepository
const commits: string[] = []
beforeAll(async () => {
  shop = await Workshop.open()
  source = await shop.bare('source')
  await shop.workTree('work', source)
  for (const name of ['one', 'two']) commits.push(await shop.commit('work', { [name]: name.repeat(1000) }))
})
afterAll(() => shop[Symbol.asyncDispose]())

test('a fetch that is killed at any change of a file leaves a repository that git finds whole, and the next one goes on', async () => {
  let next = 1
  while (await survives(next++)) expect(next).toBeLessThan(500)
  expect(next).toBeGreaterThan(15)
})

/** False when the script ended before it could be killed. */
async function survives(at: number): Promise<boolean> {
  const folder = shop.path(`target-${at}.git`)
  const { killed, acknowledged } = await runKilled({ script: SCRIPT, args: [folder, source.folder, ...commits], at })
  const note = `killed at ${at}`
  const repository = await BareRepository.open(folder)
  const tip = await repository.ref(MAIN)
  const done = acknowledged.length
  expect([commits[done - 1] ?? null, commits[done] ?? null], note).toContain(tip)
  await repository.check()
  const held = await follow(folder, source.folder, commits.slice(tip === null ? 0 : commits.indexOf(tip)))
  expect(await held.repository.ref(MAIN), note).toBe(commits.at(-1))
  expect([...(await held.repository.refs({ hidden: [] })).keys()], note).toEqual([MAIN])
  await held.repository.check()
  const objects = await readdir(join(folder, 'objects'))
  expect(
    objects.filter(name => name.startsWith('incoming-')),
    note,
  ).toEqual([])
  await rm(folder, { recursive: true })
  return killed
}
