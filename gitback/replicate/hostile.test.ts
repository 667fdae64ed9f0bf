import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { NO_COMMIT, type RefUpdate, readRefUpdate, refUpdateId } from '#gitback/project'
import { composeCommits, git } from '#gitback/repo'
import { systemClock } from '#node/kit'
import { decodeRecord, type SignedRecord } from '#swarm/record'
import { TinyDisk } from '../fixture.ts'
import { eventually, founder, fsck, type Machine, Machines, main, project, statusOf, tipOf } from './fixture.ts'

const HOUR_MS = 3_600_000
const YEAR_MS = 365 * 24 * HOUR_MS
const signal = AbortSignal.timeout(300_000)

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

let machines: Machines
beforeEach(async () => {
  machines = await Machines.open()
})
afterEach(() => machines[Symbol.asyncDispose]())

/** Two that hold a project, at the same commit. */
async function pair(options: Parameters<Machines['start']>[2] = {}): Promise<{ a: Machine; b: Machine; base: string }> {
  const a = await machines.start('a', 1)
  const b = await machines.start('b', 2, options)
  await machines.found(a, 'any', [a, b])
  const base = await machines.commit(a, { 'a.vgo': 'base' })
  await machines.push(a, base)
  await machines.follows(b, base)
  return { a, b, base }
}

async function says(machine: Machine, words: RegExp, ref = main): Promise<void> {
  await eventually(
    `${machine.name} says ${words}`,
    async () => words.test((await statusOf(machine, ref))?.problem ?? ''),
    () => statusOf(machine, ref),
  )
}

describe('an update', () => {
  test('that is replayed moves nothing back', async () => {
    const { a, b, base } = await pair()
    const [old] = await Promise.all(a.projects.updates(project, main).map(update => recordOf(a, update)))
    const next = await machines.commit(a, { 'a.vgo': 'next' })
    await machines.push(a, next)
    await machines.follows(b, next)
    if (old === undefined) throw new Error('there is no update to replay')
    expect(readRefUpdate(old).new).toBe(base)
    expect(await b.projects.offer(old)).toBe('known')
    await a.replicator.submit(readRefUpdate(old), old, { signal }).catch(() => undefined)
    for (const machine of [a, b]) {
      await machine.replicator.reconcile(project, { signal })
      expect(await tipOf(machine)).toBe(next)
      expect(await statusOf(machine)).toMatchObject({ state: 'settled', problem: '' })
    }
  })

  test('that somebody else signed is refused, and moves nothing', async () => {
    const { a, b, base } = await pair()
    const evil = await machines.commit(a, { 'a.vgo': 'evil' })
    const body = await a.replicator.draft(project, { ref: main, to: evil, signer: a.key })
    const forged = await machines.sign('ref-update', body, founder)
    await expect(a.replicator.submit(readRefUpdate(forged), forged, { signal })).rejects.toMatchObject({
      code: 'bad-signature',
    })
    await a.replication.publish('refs', forged)
    await b.replicator.reconcile(project, { signal })
    expect(b.projects.heads(project, main).map(head => head.new)).toEqual([base])
    expect([await tipOf(a), await tipOf(b)]).toEqual([base, base])
  })

  test('of a member that was revoked an hour ago is held, whatever its date, and whoever brings it', async () => {
    const { a, b, base } = await pair()
    const rogue = await machines.start('rogue', 3)
    await machines.grant(a, rogue.key, 'write', 1)
    await eventually('b knows the member', () => b.projects.standing(project, rogue.key) === 'write')
    await machines.grant(a, rogue.key, 'none', 2)
    await eventually('b knows that it is none', () => b.projects.standing(project, rogue.key) === 'none')
    const evil = await machines.commit(a, { 'a.vgo': 'evil' })
    for (const issuedAt of [Date.now(), Date.now() - 2 * HOUR_MS]) {
      const body = await a.replicator.draft(project, { ref: main, to: evil, signer: rogue.key })
      const record = await machines.sign('ref-update', { ...body, issued_at: issuedAt }, rogue.signer)
      await expect(a.replicator.submit(readRefUpdate(record), record, { signal })).rejects.toMatchObject({
        code: 'not-a-member',
        message: /may not write to 'stacks'/,
      })
      for (const { projects } of [a, b]) expect(await projects.offer(record)).toBe('held')
    }
    await b.replicator.reconcile(project, { signal })
    expect([await tipOf(a), await tipOf(b)]).toEqual([base, base])
    await fsck(b)
  })

  test('of a machine whose clock is a year ahead is held by the others until its clock is right and it pushes again', async () => {
    const { a, b, base } = await pair()
    let aheadMs = YEAR_MS
    const hasty = await machines.start('hasty', 3, { clock: { ...systemClock, now: () => Date.now() + aheadMs } })
    await machines.grant(a, hasty.key, 'write', 1)
    await eventually('it is a member', () => hasty.projects.standing(project, hasty.key) === 'write')
    await machines.sit(hasty)
    await machines.follows(hasty, base)
    const early = await machines.commit(hasty, { 'a.vgo': 'early' })
    const record = await machines.push(hasty, early)
    expect(await tipOf(hasty)).toBe(early)
    for (const { projects } of [a, b]) expect(await projects.offer(record)).toBe('held')
    const other = await machines.commit(a, { 'b.vgo': 'meanwhile' })
    await machines.push(a, other)
    await machines.follows(b, other)
    await eventually('it sees that they diverged', async () => (await statusOf(hasty))?.state === 'diverged')

    aheadMs = 0
    const merged = await machines.commit(hasty, {}, [early, other])
    await machines.push(hasty, merged)
    for (const machine of [a, b, hasty]) await machines.follows(machine, merged)
    for (const machine of [a, b, hasty]) expect(await statusOf(machine)).toMatchObject({ state: 'settled' })
  })

  test.each(['blob', 'tree'] as const)('to a %s moves no branch, and status goes on', async type => {
    const { a, b, base } = await pair()
    const repository = await a.replicator.repository(project)
    const blob = await machines.shop.object(repository, 'blob', 'no commit')
    const tree = await machines.shop.object(repository, 'tree', `100644 blob ${blob}\tb.txt\n`)
    await machines.claim(a, type === 'blob' ? blob : tree)
    await says(b, /is no commit|non-commit/)
    expect(await tipOf(b)).toBe(base)
    expect(await statusOf(a)).toMatchObject({ commit: base })
    await fsck(b)
    const next = await machines.commit(b, { 'a.vgo': 'next' })
    await machines.push(b, next, { ends: 'all' })
    await machines.follows(a, next)
  })

  test('that is not taken by the machine itself is no push that succeeded', async () => {
    let aheadMs = 0
    const a = await machines.start('a', 1, { clock: { ...systemClock, now: () => Date.now() + aheadMs } })
    await machines.found(a, 'any', [a])
    const next = await machines.commit(a, { 'a.vgo': 'next' })
    aheadMs = YEAR_MS
    const body = await a.replicator.draft(project, { ref: main, to: next, signer: a.key })
    aheadMs = 0
    const record = await machines.sign('ref-update', body, a.signer)
    await expect(a.replicator.submit(readRefUpdate(record), record, { signal })).rejects.toMatchObject({
      code: 'refused',
      message: /'refs\/heads\/main' is not taken/,
    })
    expect(await tipOf(a)).toBe(null)
  })
})

describe('objects', () => {
  test('of a file above the limit are not taken, and the message names both sizes', async () => {
    const { a, b, base } = await pair({ limits: { maxBlobBytes: 100_000 } })
    const large = await machines.commit(a, { 'large.bin': 'x'.repeat(200_000) })
    await machines.push(a, large)
    await says(b, /a file of 200000 bytes .* larger than the 100000/)
    expect(await tipOf(b)).toBe(base)
    expect(await (await fsck(b)).has(large)).toBe(false)
    const small = await machines.commit(a, { 'large.bin': 'small' }, [base])
    await machines.push(a, small)
    await machines.follows(b, small)
  })

  test('come and refs move while git gc --prune=now runs on both sides', async () => {
    const { a, b } = await pair()
    let isOver = false
    const collecting = Promise.all(
      [a, b].map(async machine => {
        let rounds = 0
        while (!isOver) {
          await git(machine.replicator.folderOf(project), ['gc', '--quiet', '--prune=now'])
          rounds++
        }
        return rounds
      }),
    )
    let last = ''
    for (let n = 0; n < 6; n++) {
      const tree = `round ${n}`
      const [on, other] = n % 2 === 0 ? [a, b] : [b, a]
      last = await madeBeside(on, { [`f${n}.vgo`]: tree })
      await machines.push(on, last)
      await machines.follows(other, last)
    }
    isOver = true
    for (const rounds of await collecting) expect(rounds).toBeGreaterThan(1)
    for (const machine of [a, b]) {
      await fsck(machine)
      expect(await tipOf(machine)).toBe(last)
    }
  })

  test('that do not fit on the disk are not taken, the message says which disk, and it goes on when there is space', async ({
    skip,
  }) => {
    if (TinyDisk.whyNot !== null) skip(TinyDisk.whyNot)
    await using disk = await TinyDisk.mount(machines.shop.path('disk'), 2 * 2 ** 20)
    const { a, b, base } = await pair({ folder: disk.path('projects') })
    await disk.fill()
    const next = await machines.commit(a, { 'a.vgo': 'next' })
    await machines.push(a, next)
    await says(b, /the disk with .*\.git is full; free some space/)
    expect(await tipOf(b)).toBe(base)
    await fsck(b)
    await disk.empty()
    await b.replicator.reconcile(project, { signal })
    expect(await tipOf(b)).toBe(next)
    expect(await statusOf(b)).toMatchObject({ state: 'settled', problem: '' })
    await machines.stop(b)
  })
})

async function recordOf(on: Machine, update: RefUpdate): Promise<SignedRecord> {
  const bytes = await on.projects.record(refUpdateId(update), update.hash)
  if (bytes === null) throw new Error('the update is not kept')
  return decodeRecord(bytes)
}

/** As the daemon makes them: beside the repository, taken as a pack. */
async function madeBeside(on: Machine, files: Record<string, string>): Promise<string> {
  const repository = await on.replicator.repository(project)
  const parent = (await tipOf(on)) ?? NO_COMMIT
  const person = { name: 'Ada', email: 'ada@example.com' }
  await using composed = await composeCommits(repository, {
    parents: [parent],
    commits: [
      {
        author: person,
        committer: person,
        authoredAt: Date.now(),
        committedAt: Date.now(),
        message: 'made beside',
        files: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])),
      },
    ],
    signal,
  })
  await on.replicator.receive(project, [composed.tip], composed.pack(), { signal })
  return composed.tip
}
