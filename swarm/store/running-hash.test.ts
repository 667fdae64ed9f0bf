import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { manifestOf } from '#swarm/chunk'
import { RunningHash } from './running-hash.ts'
import { seededBytes } from './seeded-bytes.ts'
import { WorkerPool } from './workers.ts'

test('the digest waits until everything that was held from the start is read back, however many steps that takes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-hash-'))
  const workers = new WorkerPool({ size: 1 })
  const bytes = seededBytes(20 * 1024 * 1024, 1)
  const manifest = manifestOf(bytes)
  await writeFile(join(folder, 'blob'), bytes)
  const file = await open(join(folder, 'blob'))
  const hash = new RunningHash(workers, manifest, file.fd, index => index < manifest.chunks.length)
  try {
    expect(await hash.digest()).toBe(manifest.blob)
  } finally {
    await hash.close()
    await file.close()
    await workers.close()
    await rm(folder, { recursive: true })
  }
})
