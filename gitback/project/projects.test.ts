import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger, toHex } from '#node/kit'
import type { Json, SignedRecord, Signer } from '#swarm/record'
import { type RecordKind, signerFromSeed, signRecord } from '#swarm/record'
import { membershipBody, type Level as Right } from './membership.ts'
import { projectBody, projectId } from './project.ts'
import { Projects } from './projects.ts'
import { KEPT_UPDATES } from './ref-history.ts'
import { isProjectRef, NO_COMMIT, type RefUpdate, readRefUpdate, refUpdateBody } from './ref-update.ts'
import { seatBody } from './seat.ts'

const fleetId = 'fe'.repeat(32)
const NOW = 1_700_000_000_000
const [founder, ada, bob, eve] = [1, 2, 3, 4].map(byte => signerFromSeed(new Uint8Array(32).fill(byte))) as [
  Signer,
  Signer,
  Signer,
  Signer,
]
const keyOf = (signer: Signer): string => toHex(signer.publicKey)
const id = projectId(keyOf(founder), 'stacks')
const main = 'refs/heads/main'

let folder: string
let opened: Level[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vg-'))
  opened = []
})
afterEach(async () => {
  for (const db of opened) await db.close()
  await rm(folder, { recursive: true })
})

async function open(name = 'db'): Promise<Projects> {
  const db = new Level(join(folder, name))
  opened.push(db)
  return Projects.open({ db, fleetId, logger: silentLogger, newestKey: key => key, now: () => NOW })
}

const sign = (kind: RecordKind, body: { [key: string]: Json }, signer: Signer): Promise<SignedRecord> =>
  signRecord(kind, body, fleetId, signer)

const founding = (): Promise<SignedRecord> =>
  sign(
    'project',
    projectBody({ handle: 'stacks', founder: keyOf(founder), policy: 'fast-forward', issuedAt: NOW }),
    founder,
  )

const grant = (issuer: Signer, subject: Signer, level: Right, serial: number): Promise<SignedRecord> =>
  sign(
    'membership',
    membershipBody({ project: id, subject: keyOf(subject), level, serial, issuer: keyOf(issuer), issuedAt: NOW }),
    issuer,
  )

const seat = (member: Signer, peer: string, isHeld: boolean, serial: number): Promise<SignedRecord> =>
  sign('seat', seatBody({ project: id, member: keyOf(member), peer, isHeld, serial, issuedAt: NOW }), member)

async function update(
  signer: Signer,
  to: string,
  parents: readonly RefUpdate[],
  issuedAt = NOW,
): Promise<SignedRecord> {
  const body = refUpdateBody({
    project: id,
    ref: main,
    old: parents[0]?.new ?? NO_COMMIT,
    new: to.repeat(40).slice(0, 40),
    seq: 1 + Math.max(0, ...parents.map(({ seq }) => seq)),
    parents: parents.map(({ hash }) => hash),
    signer: keyOf(signer),
    issuedAt,
  })
  return sign('ref-update', body, signer)
}

describe('membership', () => {
  test('comes from the founder, through admins, and ends with a revocation or a leave', async () => {
    const projects = await open()
    expect(await projects.offer(await grant(founder, ada, 'admin', 1))).toBe('held')
    expect(await projects.offer(await founding())).toBe('new')
    expect(await projects.offer(await grant(founder, ada, 'admin', 1))).toBe('new')
    expect(await projects.offer(await grant(ada, bob, 'write', 1))).toBe('new')
    expect(await projects.offer(await grant(eve, eve, 'none', 1))).toBe('held')
    expect(projects.members(id)).toEqual([
      { key: keyOf(founder), level: 'admin' },
      ...[
        { key: keyOf(ada), level: 'admin' },
        { key: keyOf(bob), level: 'write' },
      ].sort((a, b) => (a.key < b.key ? -1 : 1)),
    ])
    await projects.offer(await grant(bob, bob, 'none', 2))
    expect(projects.standing(id, keyOf(bob))).toBe('none')
    await projects.offer(await grant(ada, bob, 'read', 3))
    expect(projects.standing(id, keyOf(bob))).toBe('read')
    await projects.offer(await grant(founder, ada, 'none', 2))
    expect(projects.standing(id, keyOf(ada))).toBe('none')
    expect(projects.standing(id, keyOf(bob))).toBe('none')
  })

  test('is nobody’s to give who is no admin, and admin is only the founder’s to give', async () => {
    const projects = await open()
    await projects.offer(await founding())
    await projects.offer(await grant(founder, ada, 'admin', 1))
    await projects.offer(await grant(founder, bob, 'write', 1))
    for (const record of [
      await grant(eve, bob, 'admin', 9),
      await grant(bob, eve, 'write', 9),
      await grant(ada, eve, 'admin', 9),
      await grant(ada, founder, 'none', 9),
    ]) {
      expect(await projects.offer(record)).toBe('held')
    }
    expect(projects.standing(id, keyOf(eve))).toBe('none')
    expect(projects.standing(id, keyOf(founder))).toBe('admin')
    await expect(
      sign(
        'membership',
        membershipBody({
          project: id,
          subject: keyOf(eve),
          level: 'write',
          serial: 1,
          issuer: keyOf(founder),
          issuedAt: 1,
        }),
        eve,
      ).then(record => projects.offer(record)),
    ).rejects.toMatchObject({ code: 'bad-signature' })
    await expect(grant(eve, eve, 'write', 1).then(record => projects.offer(record))).rejects.toMatchObject({
      code: 'malformed',
    })
  })

  test('is the same whatever the order in which statements come, as long as each comes in the end', async () => {
    const records = [
      await founding(),
      await grant(founder, ada, 'admin', 1),
      await grant(founder, ada, 'none', 2),
      await grant(founder, ada, 'admin', 3),
      await grant(ada, bob, 'write', 1),
      await grant(ada, bob, 'none', 2),
      await grant(founder, bob, 'read', 3),
      await grant(bob, bob, 'none', 4),
      await grant(founder, eve, 'write', 1),
      await grant(ada, eve, 'none', 1),
    ]
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(records, { minLength: records.length }), async order => {
        const projects = await open(`order-${run++}`)
        // What is held is offered again by anti-entropy.
        for (let round = 0; round < 4; round++) for (const record of order) await projects.offer(record)
        expect(projects.members(id)).toEqual([
          { key: keyOf(founder), level: 'admin' },
          { key: keyOf(ada), level: 'admin' },
        ])
      }),
      { numRuns: 25 },
    )
  })

  test('survives a restart, and what was changed on disk does not', async () => {
    const projects = await open()
    const records = [await founding(), await grant(founder, ada, 'write', 1), await seat(ada, 'aa'.repeat(32), true, 1)]
    for (const record of records) expect(await projects.offer(record, { sync: true })).toBe('new')
    await opened.pop()?.close()
    const again = await open()
    expect(again.standing(id, keyOf(ada))).toBe('write')
    expect(again.isSeated(id, 'aa'.repeat(32))).toBe(true)
    expect(again.get(id)).toMatchObject({ handle: 'stacks', policy: 'fast-forward' })
  })
})

describe('seats', () => {
  test('are for members only, and go with the membership', async () => {
    const projects = await open()
    await projects.offer(await founding())
    expect(await projects.offer(await seat(eve, 'ee'.repeat(32), true, 1))).toBe('held')
    await projects.offer(await grant(founder, ada, 'read', 1))
    await projects.offer(await seat(ada, 'aa'.repeat(32), true, 1))
    await projects.offer(await seat(founder, 'ff'.repeat(32), true, 1))
    expect(projects.seats(id)).toHaveLength(2)
    await projects.offer(await seat(founder, 'ff'.repeat(32), false, 2))
    await projects.offer(await grant(founder, ada, 'none', 2))
    expect(projects.seats(id)).toHaveLength(0)
  })
})

describe('updates of a ref', () => {
  async function ready(name = 'db'): Promise<Projects> {
    const projects = await open(name)
    await projects.offer(await founding())
    await projects.offer(await grant(founder, ada, 'write', 1))
    await projects.offer(await grant(founder, bob, 'read', 1))
    return projects
  }

  test('follow each other; two that do not know of each other are both heads until one follows both', async () => {
    const projects = await ready()
    const first = await update(founder, 'a', [])
    const one = await update(ada, 'b', [readRefUpdate(first)])
    const other = await update(founder, 'c', [readRefUpdate(first)])
    for (const record of [one, first, other]) expect(await projects.offer(record)).toBe('new')
    expect(
      projects
        .heads(id, main)
        .map(({ hash }) => hash)
        .sort(),
    ).toEqual([one.hash, other.hash].sort())
    const end = await update(ada, 'd', [readRefUpdate(one), readRefUpdate(other)])
    await projects.offer(end)
    expect(projects.heads(id, main).map(({ hash }) => hash)).toEqual([end.hash])
    expect(projects.refs(id)).toEqual([main])
  })

  test('are not taken from who may not write, from the future, or again', async () => {
    const projects = await ready()
    expect(await projects.offer(await update(bob, 'a', []))).toBe('held')
    expect(await projects.offer(await update(eve, 'a', []))).toBe('held')
    expect(await projects.offer(await update(ada, 'a', [], NOW + 365 * 86_400_000))).toBe('held')
    const good = await update(ada, 'a', [])
    expect(await projects.offer(good)).toBe('new')
    expect(await projects.offer(good)).toBe('known')
    await projects.offer(await grant(founder, ada, 'none', 2))
    expect(await projects.offer(await update(ada, 'b', [readRefUpdate(good)]))).toBe('held')
    expect(projects.heads(id, main).map(({ hash }) => hash)).toEqual([good.hash])
  })

  test('are kept to a number that is the same set on every machine', async () => {
    const records: SignedRecord[] = []
    let last: RefUpdate[] = []
    for (let n = 0; n < KEPT_UPDATES + 20; n++) {
      const record = await update(founder, (n % 16).toString(16), last)
      records.push(record)
      last = [readRefUpdate(record)]
    }
    const forward = await ready('forward')
    for (const record of records) await forward.offer(record)
    const backward = await ready('backward')
    for (const record of records.toReversed()) await backward.offer(record)
    for (const record of records) await backward.offer(record)
    const hashes = (projects: Projects) => projects.updates(id, main).map(({ hash }) => hash)
    expect(hashes(forward)).toHaveLength(KEPT_UPDATES)
    expect(hashes(backward)).toEqual(hashes(forward))
    expect([...backward.table.digests]).toEqual([...forward.table.digests])
    expect(backward.heads(id, main).map(({ hash }) => hash)).toEqual([records.at(-1)?.hash])
    expect(forward.heads(id, main)).toEqual(backward.heads(id, main))
  }, 60_000)

  test.each([
    ['refs/heads/main', true],
    ['refs/heads/feature/a.b_c@d', true],
    ['refs/tags/v1.2.3', true],
    ['refs/heads/', false],
    ['refs/heads/a..b', false],
    ['refs/heads/a.lock', false],
    ['refs/heads/.a', false],
    ['refs/heads/a/.b', false],
    ['refs/heads/a//b', false],
    ['refs/heads/-a', false],
    ['refs/heads/a\n', false],
    ['refs/heads/a b', false],
    ['refs/heads/a@{1}', false],
    ['refs/heads/@', false],
    ['refs/gitback/heads/x', false],
    ['HEAD', false],
    ['refs/heads/../../config', false],
  ])('the ref %j is one of a project: %j', (ref, is) => {
    expect(isProjectRef(ref)).toBe(is)
  })
})
