import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { seededRandom } from '#node/kit'
import type { Manifest } from '#swarm/chunk'
import { RunningHash } from './running-hash.ts'
import { seededBytes } from './seeded-bytes.ts'
import { WorkerPool } from './workers.ts'

const MIB = 1024 * 1024
const SIZE = 40 * MIB
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Enough of a manifest to hash by. */
function manifestOf(bytes: Uint8Array): Manifest {
  const chunks = Array.from({ length: bytes.byteLength / MIB }, (_, i) => {
    return { sha: hashOf(bytes.subarray(i * MIB, (i + 1) * MIB)), offset: i * MIB, length: MIB }
  })
  return { blob: hashOf(bytes), sizeBytes: bytes.byteLength, chunks } as unknown as Manifest
}

describe('the running hash of a blob', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'running-hash-'))
  const workers = new WorkerPool({ size: 2 })
  const blob = new Uint8Array(new SharedArrayBuffer(SIZE))
  blob.set(seededBytes(SIZE, 1))
  const manifest = manifestOf(blob)
  const indexes = manifest.chunks.map((_, i) => i)
  const random = seededRandom(7)

  afterAll(async () => {
    await workers.close()
    await rm(folder, { recursive: true })
  })

  const orders: [string, number[]][] = [
    ['in order', indexes],
    ['backwards', indexes.toReversed()],
    ['in any order', indexes.toSorted(() => random() - 0.5)],
    ['with the first one last', [...indexes.slice(1), 0]],
    ['twice', indexes.flatMap(index => [index, Math.max(0, index - 3)])],
  ]
  for (const [name, order] of orders) {
    for (const atOnce of [1, 6]) {
      test(`is that of all its bytes when chunks come ${name}, ${atOnce} at a time, and a wrong one between them`, async () => {
        const file = await open(join(folder, `${name}-${atOnce}`), 'w+')
        const held = new Set<number>()
        const hash = new RunningHash(workers, manifest, file.fd, index => held.has(index))
        const take = async (index: number): Promise<void> => {
          const bytes = blob.subarray(index * MIB, (index + 1) * MIB)
          expect(await hash.keep(index, bytes)).toBe(true)
          held.add(index)
          hash.advance()
        }
        const waiting = [...order]
        const takers = Array.from({ length: atOnce }, async () => {
          for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
            if (waiting.length === 11) expect(await hash.keep(next, blob.subarray(3, 3 + MIB))).toBe(false)
            await take(next)
          }
        })
        await Promise.all(takers)
        expect(await hash.digest()).toBe(manifest.blob)
        expect(hashOf(await file.readFile())).toBe(manifest.blob)
        await hash.close()
        await file.close()
      })
    }
  }

  test('is taken up again over what was held from the start, in several steps', async () => {
    const file = await open(join(folder, 'held'), 'w+')
    await file.write(blob)
    const hash = new RunningHash(workers, manifest, file.fd, index => index < manifest.chunks.length)
    expect(await hash.digest()).toBe(manifest.blob)
    await hash.close()
    await file.close()
  })
})
