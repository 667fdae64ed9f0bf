import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger, systemClock, toHex } from '#node/kit'
import { PuddleDirectory, signBridge, signNameClaim } from '#swarm/puddle'
import { type Json, type Signer, signerFromSeed, signRecord } from '#swarm/record'
import {
  artifactId,
  Catalog,
  type Change,
  draftEntry,
  type Entry,
  entryBody,
  findArtifact,
  type PlatformBlob,
  parseReference,
  selectVersion,
} from './index.ts'

const fleetId = 'fe'.repeat(32)
const alice = signerFromSeed(new Uint8Array(32).fill(1))
const mallory = signerFromSeed(new Uint8Array(32).fill(2))
const blob: PlatformBlob = {
  os: 'linux',
  arch: 'amd64',
  blobSha: 'ab'.repeat(32),
  sizeBytes: 5,
  chunks: 'cd'.repeat(32),
}

let folder: string
let db: Level
let catalog: Catalog
const successors = new Map<string, string>()

async function open(): Promise<void> {
  db = new Level(folder)
  await db.open()
  catalog = await Catalog.open({
    db,
    fleetId,
    clock: systemClock,
    logger: silentLogger,
    successorOf: key => successors.get(key) ?? null,
  })
}

async function reopen(): Promise<void> {
  await db.close()
  await open()
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-catalog-'))
  await open()
})
afterEach(async () => {
  await db.close()
  await rm(folder, { recursive: true })
})

const push = (version: string, bytes: PlatformBlob = blob): Change => ({
  type: 'push',
  kind: null,
  version,
  blob: bytes,
  tags: ['latest'],
  target: null,
})

function draft(change: Change, signer: Signer = alice, overrides: Partial<Entry> = {}, base = catalog): Entry {
  const key = toHex(signer.publicKey)
  const entry = draftEntry(base.get(artifactId(key, 'tool')), change, {
    name: 'tool',
    founder: key,
    signer: key,
    delegations: [],
    writer: '00'.repeat(8),
    now: Date.now(),
  })
  return { ...entry, ...overrides }
}

const signed = (entry: Entry, signer: Signer = alice) => signRecord('catalog-entry', entryBody(entry), fleetId, signer)
const id = artifactId(toHex(alice.publicKey), 'tool')

describe('a catalog', () => {
  test('keeps an artifact over a restart', async () => {
    expect(await catalog.offer(await signed(draft(push('1'))), { sync: true })).toBe('new')
    await reopen()
    expect(Object.keys(catalog.get(id)?.view.versions ?? {})).toEqual(['1'])
  })

  test('never takes an old entry again, also after a restart, also after a tombstone', async () => {
    const first = await signed(draft(push('1')))
    await catalog.offer(first)
    await catalog.offer(await signed(draft(push('2'))))
    expect(await catalog.offer(first)).toBe('outdated')
    await catalog.offer(await signed(draft({ type: 'remove' })))
    await reopen()
    expect(await catalog.offer(first)).toBe('outdated')
    expect(catalog.get(id)?.view.tombstone).toBe(true)
    await catalog.offer(await signed(draft(push('3'))))
    expect(Object.keys(catalog.get(id)?.view.versions ?? {})).toEqual(['3'])
  })

  test('a machine that only knows the newest entry refuses all older ones', async () => {
    const first = await signed(draft(push('1')))
    await catalog.offer(first)
    const removal = await signed(draft({ type: 'remove' }))
    await catalog.offer(removal)
    const last = await signed(draft(push('2')))
    await catalog.offer(last)
    await db.close()
    await rm(folder, { recursive: true })
    await open()
    expect(await catalog.offer(last)).toBe('new')
    expect(await catalog.offer(first)).toBe('outdated')
    expect(await catalog.offer(removal)).toBe('outdated')
  })

  test.each<[string, () => Promise<Parameters<Catalog['offer']>[0]>, string]>([
    ['a wrong signature', async () => signed(draft(push('1')), mallory), 'bad-signature'],
    [
      'a signer without a chain from the founder',
      async () => signed(draft(push('1'), alice, { signer: toHex(mallory.publicKey) }), mallory),
      'not-entitled',
    ],
    [
      'a chain that somebody else signed',
      async () =>
        signed(
          draft(push('1'), alice, {
            signer: toHex(mallory.publicKey),
            epoch: 1,
            delegations: [
              await signRecord(
                'rekey-bridge',
                { old: toHex(alice.publicKey), new: toHex(mallory.publicKey), issued_at: 1 },
                fleetId,
                mallory,
              ),
            ],
          }),
          mallory,
        ),
      'bad-signature',
    ],
    ['a name that is a path', async () => signed(draft(push('1'), alice, { name: '../etc' })), 'malformed'],
    [
      'a version that is a path',
      async () => signed(draft(push('1'), alice, { versions: { '../1': [blob] } })),
      'malformed',
    ],
    [
      'a tag on a version that is not there',
      async () => signed(draft(push('1'), alice, { tags: { x: '9' } })),
      'malformed',
    ],
    [
      'a tombstone that still has versions',
      async () => signed(draft(push('1'), alice, { tombstone: true })),
      'malformed',
    ],
    ['an unknown kind', async () => signed(draft(push('1'), alice, { kind: 'virus' as never })), 'malformed'],
    [
      'a field that the format does not have',
      async () =>
        signRecord(
          'catalog-entry',
          { ...entryBody(draft(push('1'))), extra: 1 } as Record<string, Json>,
          fleetId,
          alice,
        ),
      'malformed',
    ],
    [
      'another fleet',
      async () => signRecord('catalog-entry', entryBody(draft(push('1'))), '00'.repeat(32), alice),
      'bad-signature',
    ],
    [
      'a small-order founder key',
      async () => signed(draft(push('1'), alice, { founder: '00'.repeat(32), signer: '00'.repeat(32) })),
      'bad-signature',
    ],
  ])('refuses %s', async (_what, make, code) => {
    await expect(catalog.offer(await make())).rejects.toMatchObject({ code })
    expect([...catalog.artifacts()]).toEqual([])
  })

  test('holds what comes from the far future aside and takes it when its time has come', async () => {
    let now = Date.now()
    await db.close()
    db = new Level(folder)
    catalog = await Catalog.open({
      db,
      fleetId,
      clock: { ...systemClock, now: () => now },
      logger: silentLogger,
      successorOf: () => null,
    })
    expect(await catalog.offer(await signed(draft(push('1'), alice, { issuedAt: now + 3_600_000 })))).toBe('held')
    expect(catalog.get(id)).toBeUndefined()
    now += 3_600_000
    await catalog.releaseHeld()
    expect(catalog.get(id)).toBeDefined()
  })

  test('a kind is frozen by the first publication', async () => {
    await catalog.offer(await signed(draft(push('1'))))
    await expect(catalog.offer(await signed(draft(push('2'), alice, { kind: 'apt-repo' })))).rejects.toThrow(
      /kind cannot become/,
    )
  })

  test('two machines that published apart both survive, and the next write joins them', async () => {
    await catalog.offer(await signed(draft(push('1'))))
    const here = await signed(draft(push('2')))
    const there = await signed(
      draftEntry(catalog.get(id), push('3'), {
        name: 'tool',
        founder: toHex(alice.publicKey),
        signer: toHex(alice.publicKey),
        delegations: [],
        writer: '11'.repeat(8),
        now: Date.now(),
      }),
    )
    await catalog.offer(here)
    await catalog.offer(there)
    expect(catalog.get(id)?.heads).toHaveLength(2)
    expect(Object.keys(catalog.get(id)?.view.versions ?? {}).sort()).toEqual(['1', '2', '3'])
    await catalog.offer(await signed(draft({ type: 'tag', tag: 'stable', version: '3' })))
    expect(catalog.get(id)?.heads).toHaveLength(1)
    expect(Object.keys(catalog.get(id)?.view.versions ?? {}).sort()).toEqual(['1', '2', '3'])
  })

  test('a fork with the same count and other bytes is kept as two heads, not picked silently', async () => {
    await catalog.offer(await signed(draft(push('1'))))
    const left = await signed(draft(push('2')))
    const right = await signed(draft(push('2', { ...blob, blobSha: 'ef'.repeat(32) })))
    await catalog.offer(left)
    await catalog.offer(right)
    expect(catalog.get(id)?.view.conflicts).toHaveLength(1)
  })

  test('goes on under a new key after a rekey, and the old key can no longer write', async () => {
    await catalog.offer(await signed(draft(push('1'))))
    const bridge = await signBridge(fleetId, alice, mallory.publicKey, Date.now())
    const entry = draftEntry(catalog.get(id), push('2'), {
      name: 'tool',
      founder: toHex(alice.publicKey),
      signer: toHex(mallory.publicKey),
      delegations: [bridge],
      writer: '22'.repeat(8),
      now: Date.now(),
    })
    await catalog.offer(await signed(entry, mallory))
    const late = draft(push('9'), alice)
    expect(await catalog.offer(await signed({ ...late, epoch: 0, delegations: [] }))).toBe('outdated')
    expect(Object.keys(catalog.get(id)?.view.versions ?? {}).sort()).toEqual(['1', '2'])
  })

  test('a stolen old key cannot outbid the rekey with a longer chain', async () => {
    const heir = signerFromSeed(new Uint8Array(32).fill(3))
    const thief = signerFromSeed(new Uint8Array(32).fill(4))
    await catalog.offer(await signed(draft(push('1'))))
    successors.set(toHex(alice.publicKey), toHex(heir.publicKey))
    const chain = [
      await signBridge(fleetId, alice, mallory.publicKey, 1),
      await signBridge(fleetId, mallory, thief.publicKey, 1),
    ]
    const entry = draft(push('2'), alice, { signer: toHex(thief.publicKey), delegations: chain, epoch: 2 })
    expect(await catalog.offer(await signed(entry, thief))).toBe('outdated')
    expect(Object.keys(catalog.get(id)?.view.versions ?? {})).toEqual(['1'])
    successors.clear()
  })

  test('a tampered database row is dropped at start, and the others stay', async () => {
    await catalog.offer(await signed(draft(push('1'))))
    await catalog.offer(await signed(draft(push('1'), mallory), mallory))
    const rows = db.sublevel<string, Uint8Array>('catalog', { valueEncoding: 'view' })
    for await (const [key, value] of rows.iterator()) {
      if (!key.startsWith(id)) continue
      const text = Buffer.from(value).toString('latin1').replace('abababab', 'acacacac')
      await rows.put(key, Buffer.from(text, 'latin1'))
    }
    await reopen()
    expect(catalog.get(id)).toBeUndefined()
    expect([...catalog.artifacts()]).toHaveLength(1)
    expect(catalog.table.size).toBe(1)
  })
})

describe('references', () => {
  test.each([
    '',
    'a/b/c',
    '../x',
    'UPPER',
    'a:b:c',
    'x'.repeat(300),
    'a\0b',
    'a@',
    'ns/',
    '/a',
    'nul',
    'com1.txt',
    'trailing.',
    'a:nul',
    'ｆｕｌｌ',
  ])("refuse '%s'", text => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'usage' }))
  })

  test('name, namespace, tag and version are told apart', () => {
    expect(parseReference('tool')).toMatchObject({
      namespace: null,
      name: 'tool',
      selector: { type: 'tag', value: 'latest' },
    })
    expect(parseReference('ops/tool:1.2+b')).toMatchObject({
      namespace: 'ops',
      selector: { type: 'tag', value: '1.2+b' },
    })
    expect(parseReference(`${id}/tool@1`)).toMatchObject({ namespace: id, selector: { type: 'version', value: '1' } })
  })

  test('a name claimed twice is ambiguous and must be given as key', async () => {
    const directory = await PuddleDirectory.open({ db, fleetId, logger: silentLogger })
    for (const signer of [alice, mallory]) {
      const claim = { name: 'ops', puddle: toHex(signer.publicKey), serial: 1, issuedAt: 1 }
      await directory.offer(await signNameClaim(claim, fleetId, signer))
      await catalog.offer(await signed(draft(push('1'), signer), signer))
    }
    const find = (text: string, ownPuddle: string | null = null) =>
      findArtifact(parseReference(text), { catalog, directory, ownPuddle })
    expect(() => find('ops/tool')).toThrow(expect.objectContaining({ code: 'ambiguous' }))
    expect(() => find('tool')).toThrow(expect.objectContaining({ code: 'ambiguous' }))
    expect(find(`${toHex(alice.publicKey)}/tool`).id).toBe(id)
    expect(find(`${id}/tool:1`).id).toBe(id)
    expect(find('tool', toHex(alice.publicKey)).id).toBe(id)
    expect(() => find('nobody/tool')).toThrow(expect.objectContaining({ code: 'unknown-puddle' }))
    expect(selectVersion(find(id), { type: 'tag', value: 'latest' })).toBe('1')
    expect(() => selectVersion(find(id), { type: 'tag', value: 'constructor' })).toThrow(/no tag constructor/)
  })
})
