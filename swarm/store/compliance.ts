import { describe, expect, it } from 'vitest'
import { bytes, type MakeStore, manifest, put, storeStarter } from './compliance/fixture.ts'
import { ingest } from './compliance/ingest.compliance.ts'
import { partial } from './compliance/partial.compliance.ts'
import { read } from './compliance/read.compliance.ts'
import { removal } from './compliance/removal.compliance.ts'

export type { StoreUnderTest } from './compliance/fixture.ts'

/** What every implementation of `BlobStore` promises. Run it inside a test file. */
export function blobStoreCompliance(name: string, make: MakeStore): void {
  describe(`the blob store promises (${name})`, () => {
    const start = storeStarter(make)
    ingest(start)
    partial(start)
    read(start)
    removal(start)

    it('says not-found of what it does not have', async () => {
      const store = await start()
      const sha = '00'.repeat(32)
      expect(await store.stat(sha)).toBeNull()
      expect(await store.manifest(sha)).toBeNull()
      expect(await store.remove(sha)).toBe(false)
      await store.unpin(sha, 'nobody')
      await expect(store.reader(sha)).rejects.toMatchObject({ code: 'not-found' })
      await expect(store.pin(sha, 'x')).rejects.toMatchObject({ code: 'not-found' })
    })

    it('refuses everything after it was closed', async () => {
      const store = await start()
      await store.close()
      await expect(store.stat(manifest.blob)).rejects.toMatchObject({ code: 'closed' })
      await expect(put(store, bytes)).rejects.toMatchObject({ code: 'closed' })
      await expect(store.begin(manifest)).rejects.toMatchObject({ code: 'closed' })
    })
  })
}
