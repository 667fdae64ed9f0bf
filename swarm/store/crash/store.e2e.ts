import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '#node/kit'
import { verifyChunk } from '#swarm/chunk'
import { type FsStore, openFsStore } from '../fs-store.ts'
import { runKilled } from './run-killed.ts'
import { BLOBS, work } from './store-script.ts'

const SCRIPT = fileURLToPath(new URL('./store-script.ts', import.meta.url))

describe('a store that is killed', () => {
  it('keeps what it acknowledged, serves only what verifies, leaves nothing behind and can go on, wherever it was killed', async () => {
    let at = 1
    for (; await survives(at); at++) expect(at).toBeLessThan(1000)
    expect(at).toBeGreaterThan(50)
  })
})

/** False when the script ended before it could be killed. */
async function survives(at: number): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-crash-'))
  try {
    const { killed, acknowledged } = await runKilled({ script: SCRIPT, args: [folder], at })
    const store = await openFsStore({ folder: join(folder, 'store'), workers: 1 })
    try {
      await store.reconciled()
      await keptPromises(store, folder, acknowledged, `killed at ${at}`)
      await verifies(store, `killed at ${at}`)
      await isTidy(store, folder, `killed at ${at}`)
      const again: string[] = []
      await work(store, folder, line => again.push(line))
      await keptPromises(store, folder, again, `finished after ${at}`)
      await isTidy(store, folder, `finished after ${at}`)
    } finally {
      await store.close()
    }
    return killed
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function keptPromises(store: FsStore, folder: string, lines: readonly string[], when: string): Promise<void> {
  const collecting = lines.includes('collecting garbage')
  for (const line of lines) {
    const [verb, name = '', index] = line.split(' ')
    const note = `${line}, ${when}`
    if (verb === 'materialised') {
      const path = join(folder, 'out', name)
      expect(sha256Hex(await readFile(path)), note).toBe(BLOBS.streamed.blob)
      expect((await stat(path)).mode & 0o777, note).toBe(name === 'copied' ? 0o755 : 0o644)
      continue
    }
    const { blob } = BLOBS[name as keyof typeof BLOBS]
    const found = await store.stat(blob)
    if (verb === 'collected') expect(found, note).toBeNull()
    if (verb === 'pinned') expect(found?.pins, note).toEqual(['lease:1'])
    if (verb === 'have' && !(name === 'garbage' && collecting)) expect(found?.state, note).toBe('complete')
    if (verb === 'have' && name === 'streamed') expect(found?.pins, note).toEqual(['target:1'])
    if (verb === 'holds') {
      await using reader = await store.reader(blob)
      expect(reader.has(Number(index)), note).toBe(true)
    }
  }
}

async function verifies(store: FsStore, when: string): Promise<void> {
  for await (const blob of store.list()) {
    await using reader = await store.reader(blob.sha)
    for (const [index, chunk] of reader.manifest.chunks.entries()) {
      if (!reader.has(index)) continue
      expect(verifyChunk(chunk, await reader.readChunk(index, 0, chunk.length)), `${blob.sha} ${when}`).toBe(true)
    }
    if (blob.state === 'complete') expect(sha256Hex(await reader.read(0, blob.sizeBytes)), when).toBe(blob.sha)
  }
}

async function isTidy(store: FsStore, folder: string, when: string): Promise<void> {
  const complete: string[] = []
  const partial: string[] = []
  for await (const { sha, state } of store.list()) (state === 'complete' ? complete : partial).push(sha)
  const blobs = join(folder, 'store', 'blobs')
  const files: string[] = []
  for (const name of await readdir(blobs)) files.push(...(await readdir(join(blobs, name))))
  expect(files.toSorted(), when).toEqual(complete.toSorted())
  const partialFiles = await readdir(join(folder, 'store', 'partial'))
  expect(
    partialFiles.filter(name => !partial.includes(name)),
    when,
  ).toEqual([])
  const out = await readdir(join(folder, 'out')).catch(() => [])
  expect(
    out.filter(name => name.startsWith('.')),
    when,
  ).toEqual([])
}
