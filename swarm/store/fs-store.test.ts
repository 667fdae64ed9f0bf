import {
  appendFile,
  link,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Level } from 'level'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Logger, sha256Hex, silentLogger } from '#node/kit'
import { manifestOf } from '#swarm/chunk'
import { blobStoreCompliance } from './compliance.ts'
import { type FsStore, type FsStoreOptions, openFsStore } from './fs-store.ts'
import { inPieces, seededBytes, writeChunks } from './seeded-bytes.ts'

blobStoreCompliance('files', async ({ clock }) => {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-store-'))
  const store = await openFsStore({ folder, clock, bufferBytes: 8 * 2 ** 20 })
  return {
    store,
    destroy: async () => {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
})

describe('the file store', () => {
  const bytes = seededBytes(3_000_000, 21)
  const manifest = manifestOf(bytes)
  const all = manifest.chunks.map((_, index) => index)
  const LIMIT = { maxBytes: 2 ** 30 }
  let folder: string
  let store: FsStore
  let warnings: string[]

  const reopen = async (options: Partial<FsStoreOptions> = {}): Promise<FsStore> => {
    await store?.close()
    const log: Logger = { ...silentLogger, warn: event => warnings.push(event) }
    store = await openFsStore({ folder, log, bufferBytes: 8 * 2 ** 20, ...options })
    return store
  }
  const blobPath = (sha = manifest.blob): string => join(folder, 'blobs', sha.slice(0, 2), sha)
  const partialPath = (): string => join(folder, 'partial', manifest.blob)
  const flip = async (path: string, position: number): Promise<void> => {
    const file = await open(path, 'r+')
    const byte = Buffer.alloc(1)
    await file.read(byte, 0, 1, position)
    byte[0]! ^= 0xff
    await file.write(byte, 0, 1, position)
    await file.close()
  }
  const readAll = async (): Promise<string> => {
    await using reader = await store.reader(manifest.blob)
    return sha256Hex(await reader.read(0, manifest.sizeBytes))
  }
  const heal = async (): Promise<number[]> => {
    const partial = await store.begin(manifest)
    const missing = all.filter(index => !partial.has(index))
    await writeChunks(store, partial, bytes, missing)
    await partial.complete()
    await partial.close()
    return missing
  }

  beforeEach(async () => {
    warnings = []
    folder = await mkdtemp(join(tmpdir(), 'vigo-store-'))
    await reopen()
  })

  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('keeps flat files that others may read, in folders that they may not enter', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    expect(sha256Hex(await readFile(blobPath()))).toBe(manifest.blob)
    expect((await stat(blobPath())).mode & 0o777).toBe(0o644)
    for (const path of ['blobs', 'partial', join('blobs', manifest.blob.slice(0, 2))]) {
      expect((await stat(join(folder, path))).mode & 0o777).toBe(0o700)
    }
    expect(await readdir(join(folder, 'partial'))).toEqual([])
  })

  it('has everything after a restart', async () => {
    await store.ingest(inPieces(bytes), { ...LIMIT, pin: 'x' })
    await reopen()
    expect(await store.stat(manifest.blob)).toMatchObject({ state: 'complete', pins: ['x'] })
    expect(await readAll()).toBe(manifest.blob)
  })

  it('remembers the time of last use over a restart', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    const before = (await store.stat(manifest.blob))!.usedAt
    await new Promise(resolve => setTimeout(resolve, 5))
    await readAll()
    await reopen()
    expect((await store.stat(manifest.blob))!.usedAt).toBeGreaterThan(before)
  })

  it('works in a database that the caller has open, and leaves it open', async () => {
    const db = new Level(join(folder, 'shared'))
    await db.put('mine', 'yes')
    await reopen({ db })
    await store.ingest(inPieces(bytes), LIMIT)
    await reopen()
    expect(await db.get('mine')).toBe('yes')
    await db.close()
  })

  it('says that it is locked when it is open already', async () => {
    await expect(openFsStore({ folder })).rejects.toMatchObject({ code: 'locked' })
    await expect(openFsStore({ folder: `${folder}-other`, db: join(folder, 'db') })).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('another process'),
    })
    await rm(`${folder}-other`, { recursive: true })
  })

  it('serves no changed byte, sets the blob aside and needs only the bad chunk to mend it', async () => {
    await store.ingest(inPieces(bytes), { ...LIMIT, pin: 'kept' })
    const position = manifest.chunks[1]!.offset + 5
    await flip(blobPath(), position)
    await using reader = await store.reader(manifest.blob)
    expect(new Uint8Array(await reader.readChunk(0, 0, 100))).toEqual(bytes.slice(0, 100))
    await expect(reader.readChunk(1, 0, 1)).rejects.toMatchObject({ code: 'corrupt' })
    expect(warnings).toEqual(['blob-corrupt'])
    expect(await store.stat(manifest.blob)).toMatchObject({
      state: 'partial',
      chunksHeld: all.length - 1,
      pins: ['kept'],
    })
    expect(await heal()).toEqual([1])
    expect(await readAll()).toBe(manifest.blob)
  })

  it('notices a change under an open reader', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    await using reader = await store.reader(manifest.blob)
    await reader.readChunk(1, 0, 1)
    await new Promise(resolve => setTimeout(resolve, 20))
    await flip(blobPath(), manifest.chunks[1]!.offset)
    await expect(reader.readChunk(1, 0, 1)).rejects.toMatchObject({ code: 'corrupt' })
  })

  it.each([
    ['cut short', () => truncate(blobPath(), 1_000_000)],
    ['longer', () => appendFile(blobPath(), 'more')],
    ['empty', () => truncate(blobPath(), 0)],
  ])('mends a file that became %s', async (_, spoil) => {
    await store.ingest(inPieces(bytes), LIMIT)
    await spoil()
    await readAll().catch(() => undefined)
    expect(await store.stat(manifest.blob)).toMatchObject({ state: 'partial' })
    await heal()
    expect(await readAll()).toBe(manifest.blob)
    expect((await stat(blobPath())).size).toBe(bytes.byteLength)
  })

  it('accepts a file that was touched, restored or linked but has the right bytes', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    await utimes(blobPath(), 1, 1)
    expect(await readAll()).toBe(manifest.blob)
    await writeFile(`${blobPath()}.copy`, bytes)
    await rename(`${blobPath()}.copy`, blobPath())
    await reopen()
    expect(await readAll()).toBe(manifest.blob)
    expect(warnings).toEqual([])
  })

  it('mends a copy, not the file that shares the bytes', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    const shared = join(folder, 'shared')
    await link(blobPath(), shared)
    await flip(shared, 0)
    const spoilt = sha256Hex(await readFile(shared))
    await expect(readAll()).rejects.toMatchObject({ code: 'corrupt' })
    expect(await heal()).toEqual([0])
    expect(await readAll()).toBe(manifest.blob)
    expect(sha256Hex(await readFile(shared))).toBe(spoilt)
  })

  it('does not materialise changed bytes', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    await flip(blobPath(), 2_999_999)
    await expect(store.materialise(manifest.blob, join(folder, 'out'), { share: true })).rejects.toMatchObject({
      code: 'corrupt',
    })
    expect(await readdir(folder)).not.toContain('out')
  })

  it('links when asked to share, and still trusts the file', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    const out = join(folder, 'out')
    await store.materialise(manifest.blob, out, { share: true })
    await store.materialise(manifest.blob, out, { share: true })
    expect((await stat(out)).ino).toBe((await stat(blobPath())).ino)
    expect((await stat(out)).nlink).toBe(2)
    expect((await readdir(folder)).sort()).toEqual(['blobs', 'db', 'out', 'partial'])
  })

  it('keeps what it can of a partial blob whose chunks changed between two runs', async () => {
    const partial = await store.begin(manifest)
    await writeChunks(store, partial, bytes, all)
    await partial.close()
    await reopen()
    await flip(partialPath(), manifest.chunks[1]!.offset)
    await using reader = await store.reader(manifest.blob)
    await expect(reader.readChunk(1, 0, 1)).rejects.toMatchObject({ code: 'corrupt' })
    expect(await heal()).toEqual([1])
    expect(warnings).toEqual(['chunk-corrupt'])
  })

  it('finds at completion which chunks changed, instead of blaming the manifest', async () => {
    const first = await store.begin(manifest)
    await writeChunks(store, first, bytes, all)
    await first.close()
    await reopen()
    await flip(partialPath(), manifest.chunks[1]!.offset)
    await expect(heal()).rejects.toMatchObject({ code: 'corrupt' })
    await reopen()
    expect(await heal()).toEqual([1])
  })

  it('says that a blob is gone whose file was deleted, while it runs or between two runs', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    await rm(blobPath())
    await expect(store.reader(manifest.blob)).rejects.toMatchObject({ code: 'not-found' })
    await heal()
    await rm(blobPath())
    await reopen()
    expect(await store.stat(manifest.blob)).toMatchObject({ state: 'partial', chunksHeld: 0 })
    expect(warnings).toEqual(['blob-missing', 'blob-missing'])
    await heal()
  })

  it('clears debris and keeps what it knows', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    await store.close()
    await writeFile(join(folder, 'partial', '.ingest-0011'), 'x')
    await writeFile(join(folder, 'partial', 'ab'.repeat(32)), 'x')
    await writeFile(partialPath(), 'x')
    await reopen()
    expect(await readdir(join(folder, 'partial'))).toEqual([])
    expect(await readAll()).toBe(manifest.blob)
  })

  it('adopts blob files when the database was lost, and drops those that are not what their name says', async () => {
    await store.ingest(inPieces(bytes), LIMIT)
    const { sha } = await store.ingest(inPieces(bytes.subarray(1)), LIMIT)
    await store.close()
    await rm(join(folder, 'db'), { recursive: true })
    await flip(blobPath(sha), 9)
    await reopen()
    await store.reconciled()
    expect(await readAll()).toBe(manifest.blob)
    expect(await store.stat(sha)).toBeNull()
    await expect(stat(blobPath(sha))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('ignores a manifest that was changed in the database', async () => {
    const db = new Level(join(folder, 'shared'))
    await reopen({ db })
    await store.ingest(inPieces(bytes), LIMIT)
    const wrong = manifest.bytes.slice()
    wrong[60]! ^= 1
    await db.sublevel<string, Uint8Array>('blobstore-manifests', { valueEncoding: 'view' }).put(manifest.hash, wrong)
    expect(await store.manifest(manifest.hash)).toBeNull()
    await expect(store.reader(manifest.blob)).rejects.toMatchObject({ code: 'not-found' })
    expect(warnings).toContain('manifest-damaged')
    await store.ingest(inPieces(bytes), LIMIT)
    await db.sublevel('blobstore-rows').put(manifest.blob, 'not even JSON')
    await reopen({ db })
    await store.reconciled()
    expect(await readAll()).toBe(manifest.blob)
    await store.close()
    await db.close()
  })

  it('refuses what the disk cannot take, counting what is on its way', async () => {
    await reopen({ diskSize: async () => ({ freeBytes: 4_000_000, sizeBytes: 10_000_000 }) })
    const partial = await store.begin(manifest)
    await expect(store.ingest(inPieces(bytes), { ...LIMIT, expectedBytes: bytes.byteLength })).rejects.toMatchObject({
      code: 'disk-full',
    })
    await partial.close()
    await store.ingest(inPieces(bytes), { ...LIMIT, expectedBytes: bytes.byteLength })
    const bigger = manifestOf(seededBytes(4_100_000, 3))
    await expect(store.begin(bigger)).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('free some space'),
    })
    expect(await store.stat(bigger.blob)).toBeNull()
    expect(await readdir(join(folder, 'partial'))).toEqual([])
  })

  it('syncs by itself, so that chunks survive without a call', async () => {
    const partial = await store.begin(manifest)
    await writeChunks(store, partial, bytes, [0])
    const db = join(folder, 'db')
    await expect.poll(async () => (await readdir(db)).length, { timeout: 5000 }).toBeGreaterThan(0)
    await new Promise(resolve => setTimeout(resolve, 1300))
    await partial.close()
    await reopen()
    expect((await store.stat(manifest.blob))?.chunksHeld).toBe(1)
  })
})
