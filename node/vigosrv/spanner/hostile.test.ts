import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { releaseHash } from '#config/store'
import { sha256Hex, systemClock } from '#node/kit'
import { motd } from '../policy/fixture.ts'
import { releaseOf, repositoryOf, type TestBolt, TestBolts, until } from './fixture.ts'
import { messageOfRelease } from './release-commit.ts'
import { RogueBolt, type TreeEntry } from './rogue-bolt/fixture.ts'

const run = promisify(execFile)
const YEAR_MS = 365 * 24 * 3_600_000

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

async function fsck(bolt: TestBolt): Promise<void> {
  await run('git', ['--git-dir', await repositoryOf(bolt), 'fsck', '--full', '--strict'])
}

async function says(bolt: TestBolt, words: RegExp): Promise<void> {
  let last = ''
  await until(`${bolt.name} says ${words}`, async () => {
    last = (await bolt.status()).problem
    return words.test(last)
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}; it says '${last}'`)
  })
}

/** A tree as a commit has it, with a message that is true of its files. */
function honest(files: Readonly<Record<string, string>>): { message: string; entries: TreeEntry[] } {
  const live = Object.entries(files).map(([path, content]) => ({
    path,
    bytes: Buffer.from(content),
    sha256: sha256Hex(content),
  }))
  const message = messageOfRelease({
    release: releaseHash(live),
    kind: 'publish',
    author: 'eve',
    reason: 'by hand',
    restores: null,
    basedOn: null,
    time: new Date().toISOString(),
    files: live.length,
    counts: { configcrates: 0, roles: 0, envoyEntries: 0 },
    changes: { added: 0, changed: 0, removed: 0 },
    bolt: 'bolt2',
  })
  const entries = Object.entries(files).flatMap(([path, content]) => [
    { path: `live/${path}`, content },
    { path: `stacks/${path}`, content },
  ])
  return { message, entries }
}

describe('a commit of another server', () => {
  let fleet: TestBolts
  let rogue: RogueBolt
  let base: string
  beforeEach(async () => {
    fleet = await TestBolts.up(2)
    base = releaseOf(await fleet.first.publish(motd('base')))
    await fleet.agree(base)
    await fleet.at(1).stop()
    rogue = await RogueBolt.open(fleet.at(1).layout)
  })
  afterEach(async () => {
    await rogue[Symbol.asyncDispose]()
    await fleet[Symbol.asyncDispose]()
  })

  test('that no publish makes is not used, the message says why, and the release before stays live', async () => {
    const one = fleet.first
    const good = honest(motd('evil'))
    const link = { mode: '120000', path: 'live/link.vgo', content: '/etc/passwd' }
    const module = { mode: '160000', path: 'live/module.vgo', content: '12'.repeat(20) }
    const program = { mode: '100755', path: 'live/run.vgo', content: '#!/bin/sh\n' }
    const cases: [string, readonly TreeEntry[], RegExp][] = [
      ['as anybody commits with git', good.entries, /its message names no release; .*vigocli config publish/],
      [good.message, honest(motd('other')).entries, /its files are release [0-9a-f]+, not [0-9a-f]+ as it says/],
      [honest({}).message, [{ path: 'README', content: 'no live\n' }], /it has no files in live\//],
      [good.message, [...good.entries, link], /'live\/link\.vgo' is no ordinary file/],
      [good.message, [...good.entries, module], /'live\/module\.vgo' is no ordinary file/],
      [good.message, [...good.entries, program], /'live\/run\.vgo' is no ordinary file/],
      [
        good.message,
        [...good.entries, { ...link, path: 'stacks/link.vgo' }],
        /'stacks\/link\.vgo' is no ordinary file/,
      ],
    ]
    for (const [message, entries, words] of cases) {
      await rogue.claim(await rogue.commit(message, entries))
      await says(one, words)
      expect(await one.status()).toMatchObject({ release: base })
      expect((await one.status()).problem).toMatch(/bolt2/)
      await fsck(one)
    }
    const next = releaseOf(await one.publish(motd('good')))
    expect(await one.releases.live()).toBe(next)
    await until('it is settled', async () => (await one.status()).state === 'settled')
  })

  test('that does not load leaves the release before live, and a publish of what loads ends it', async () => {
    const one = fleet.first
    const broken = honest({ 'envoys.vgo': "envoys:\n  - match: '*'\n    configcrates: [missing]\n" })
    const commit = await rogue.commit(broken.message, broken.entries)
    await rogue.claim(commit)
    await says(one, /release [0-9a-f]+ by eve on bolt2 is not valid here: envoys\.vgo: /)
    expect(await one.status()).toMatchObject({ release: base, state: 'refused' })
    expect(await one.releases.live()).toBe(base)
    await fsck(one)
    const next = releaseOf(await one.publish(motd('good')))
    expect(await one.status()).toMatchObject({ release: next, state: 'settled', problem: '' })
  })
})

test('a server whose clock is a year ahead is named on all servers, publishes nothing, and does once its clock is right', async () => {
  await using fleet = await TestBolts.up(2)
  const [one, two] = [fleet.at(0), fleet.at(1)]
  const base = releaseOf(await one.publish(motd('base')))
  await fleet.agree(base)
  await two.stop()
  let aheadMs = YEAR_MS
  await two.open({ clock: { ...systemClock, now: () => Date.now() + aheadMs } })
  await says(two, /36[45]d .*ahead of bolt1's.*set the clock/)
  await until('the other one says so too', async () => {
    const { bolts } = await one.status()
    return /its clock is 36[45]d .*ahead of bolt1's/.test(
      bolts.find(({ hostname }) => hostname === 'bolt2')?.report?.problem ?? '',
    )
  })
  await expect(two.publish(motd('early'))).rejects.toMatchObject({
    code: 'clock-ahead',
    message: /36[45]d .*ahead of bolt1's.*then publish again/,
  })
  for (const bolt of [one, two]) expect(await bolt.status()).toMatchObject({ release: base })

  const meanwhile = releaseOf(await one.publish(motd('meanwhile')))
  await fleet.agree(meanwhile)
  aheadMs = 0
  await until('the clock is right', async () => (await two.status()).problem === '')
  const next = releaseOf(await two.publish(motd('next')))
  await fleet.agree(next)
})

test('publishes go live everywhere while git gc --prune=now runs on both servers', async () => {
  await using fleet = await TestBolts.up(2)
  let live = releaseOf(await fleet.first.publish(motd('base')))
  await fleet.agree(live)
  let isOver = false
  const collecting = Promise.all(
    fleet.bolts.map(async bolt => {
      const repository = await repositoryOf(bolt)
      while (!isOver) await run('git', ['--git-dir', repository, 'gc', '--quiet', '--prune=now'])
    }),
  )
  for (let round = 0; round < 4; round++) {
    live = releaseOf(await fleet.at(round % 2).publish(motd(`round ${round}`)))
    await fleet.agree(live)
  }
  isOver = true
  await collecting
  for (const bolt of fleet.bolts) {
    await fsck(bolt)
    expect(await bolt.releases.live()).toBe(live)
  }
})
