import { execFile } from 'node:child_process'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { encodeSnapshot, serverRoutes } from '#node/api'
import { motd } from '../policy/fixture.ts'
import { releaseOf, repositoryOf, TestBolts, until } from './fixture.ts'

const run = promisify(execFile)

vi.setConfig({ testTimeout: 180_000 })

test('what is published on any server is live on all of them, with one history, in a repository that git finds whole', async () => {
  await using fleet = await TestBolts.up(3)
  const first = releaseOf(await fleet.at(0).publish(motd('one'), { reason: 'the first' }))
  await fleet.agree(first)
  const second = releaseOf(await fleet.at(2).publish(motd('two'), { reason: 'the second' }))
  await fleet.agree(second)
  const third = releaseOf(await fleet.at(1).publish(motd('three'), { reason: 'the third' }))
  await fleet.agree(third)

  const [story, ...others] = await Promise.all(fleet.bolts.map(bolt => bolt.history()))
  expect(story?.map(({ number, release, reason }) => [number, release, reason])).toEqual([
    [3, third, 'the third'],
    [2, second, 'the second'],
    [1, first, 'the first'],
  ])
  for (const other of others) expect(other).toEqual(story)
  for (const bolt of fleet.bolts) {
    await run('git', ['--git-dir', await repositoryOf(bolt), 'fsck', '--full', '--strict'])
    expect(await bolt.releases.live()).toBe(third)
    expect(await bolt.status()).toMatchObject({ mode: 'spanner', state: 'settled', problem: '' })
  }
})

test('a server that stood alone keeps its history, and one that joins later can go back as far', async () => {
  await using fleet = await TestBolts.found()
  const releases: string[] = []
  for (const text of ['a', 'b', 'c']) releases.push(releaseOf(await fleet.first.publish(motd(text), { reason: text })))
  await fleet.first.admin.call(serverRoutes.rollback, { reason: 'c was bad' })
  const before = await fleet.first.history()

  await fleet.first.admin.call(serverRoutes.spannerInit, {})
  expect(await fleet.first.history()).toEqual(before)
  const late = await fleet.join()
  await fleet.agree(releases[1] ?? '')
  expect(await late.history()).toEqual(before)
  await late.admin.call(serverRoutes.rollback, { to: '1', reason: 'back to the start' })
  await fleet.agree(releases[0] ?? '')
  expect((await fleet.first.history())[0]).toMatchObject({
    number: 5,
    kind: 'rollback',
    restores: 1,
    author: expect.any(String),
    reason: 'back to the start',
  })
  expect(await late.history()).toEqual(await fleet.first.history())
})

test('what somebody else published since is not taken back by sources that never saw it', async () => {
  await using fleet = await TestBolts.up(2)
  const first = releaseOf(await fleet.at(0).publish(motd('one')))
  await fleet.agree(first)
  const base = (await fleet.at(1).status()).head ?? ''
  const second = releaseOf(await fleet.at(0).publish(motd('two')))
  await fleet.agree(second)
  await expect(fleet.at(1).publish(motd('three'), { base })).rejects.toMatchObject({ code: 'moved' })
  await expect(fleet.at(1).publish(motd('three'), { base: 'f'.repeat(40) })).rejects.toMatchObject({ code: 'moved' })
  expect((await fleet.at(0).status()).release).toBe(second)

  const sources = await fleet.at(1).admin.call(serverRoutes.spannerSources, { base })
  const crate = sources.files.find(({ path }) => path === 'configcrates/motd.vgo')
  expect(Buffer.from(crate?.base64 ?? '', 'base64').toString()).toContain('two')
  expect(sources.base?.map(({ path }) => path)).toEqual(['configcrates/motd.vgo', 'envoys.vgo'])

  // What is live again is the first release, but the newest sources are still those of the second.
  await fleet.at(0).admin.call(serverRoutes.rollback, { reason: 'two was bad' })
  await fleet.agree(first)
  await expect(fleet.at(1).publish(motd('four'), { base })).rejects.toMatchObject({ code: 'moved' })
  await fleet.at(1).publish(motd('four'), { base: sources.commit })
})

test('servers that did not see each other publish both; everybody shows it, keeps what it had, and one command ends it', async () => {
  await using fleet = await TestBolts.up(2)
  const [one, two] = [fleet.at(0), fleet.at(1)]
  const base = releaseOf(await one.publish(motd('base')))
  await fleet.agree(base)
  await two.stop()
  const left = releaseOf(await one.publish(motd('left')))
  await one.stop()
  await two.open()
  const right = releaseOf(await two.publish(motd('right')))
  await one.open()

  await until('both see that they diverged', async () => {
    const statuses = await Promise.all([one.status(), two.status()])
    return statuses.every(({ state, heads }) => state === 'diverged' && heads.length === 2)
  })
  expect((await one.status()).release).toBe(left)
  expect((await two.status()).release).toBe(right)
  await expect(two.publish(motd('more'))).rejects.toMatchObject({ code: 'diverged' })

  await one.admin.call(serverRoutes.spannerResolve, { take: 'bolt2', reason: 'right is right' })
  await fleet.agree(right)
  await until('nobody is diverged any more', async () => {
    const statuses = await Promise.all([one.status(), two.status()])
    return statuses.every(({ state, heads }) => state === 'settled' && heads.length === 1)
  })
  const story = (await one.history()).map(({ release }) => release)
  expect(story[0]).toBe(right)
  expect(story).toContain(left)
  await until('the histories agree', async () => {
    return JSON.stringify(await one.history()) === JSON.stringify(await two.history())
  })
})

test('a server that is revoked publishes nothing any more, and what it has published stays', async () => {
  await using fleet = await TestBolts.up(3)
  const [one, two, three] = [fleet.at(0), fleet.at(1), fleet.at(2)]
  const base = releaseOf(await two.publish(motd('base')))
  await fleet.agree(base)
  await one.admin.call(serverRoutes.revokeMember, { member: 'bolt2', reason: 'stolen' })
  await until('it is no member of the stacks', async () => {
    const { bolts } = await three.status()
    return bolts.length === 2
  })
  await two.publish(motd('evil')).catch(() => undefined)
  const good = releaseOf(await three.publish(motd('good')))
  await fleet.agree(good, [one, three])
  expect((await one.history()).map(({ release }) => release)).toEqual([good, base])
})

test('what is wrong with an upload is said, and nothing of it is published', async () => {
  await using fleet = await TestBolts.up(1)
  const release = releaseOf(await fleet.first.publish(motd('one')))
  const { admin } = fleet.first
  const base = (await fleet.first.status()).head ?? ''
  const send = async (live: Record<string, string>) => {
    const bytes = encodeSnapshot({
      live: Object.entries(live).map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
      stacks: [],
    })
    const upload = { stream: Readable.from([bytes]), sizeBytes: bytes.byteLength }
    return await admin.call(serverRoutes.spannerPublish, { kind: 'publish', base }, { upload })
  }
  for (const path of ['../escape.vgo', '/etc/passwd.vgo', '.git/config.vgo', 'a\nb.vgo', 'hooks/post-update', '']) {
    await expect(send({ [path]: 'x: 1\n' }), path).rejects.toMatchObject({ code: 'bad-snapshot' })
  }
  const broken = await send({ 'envoys.vgo': "envoys:\n  - match: '*'\n    configcrates: [missing]\n" })
  expect(broken).toMatchObject({ outcome: 'invalid', diagnostics: [{ severity: 'error' }] })
  expect((await fleet.first.status()).release).toBe(release)
})
