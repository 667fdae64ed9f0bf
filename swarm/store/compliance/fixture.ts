import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '#node/kit'
import { manifestOf } from '#swarm/chunk'
import { inPieces, seededBytes } from '../seeded-bytes.ts'
import type { BlobDescriptor, BlobStore } from '../types.ts'

export interface StoreUnderTest {
  store: BlobStore
  /** Called after the test. */
  destroy(): Promise<void>
}

export type MakeStore = (options: { clock: Clock }) => Promise<StoreUnderTest>

/** A store of the running test. Without a clock it is always the same time. */
export type StartStore = (clock?: Clock) => Promise<BlobStore>

export const LIMIT = { maxBytes: 2 ** 30 }
export const bytes = seededBytes(3_000_000, 1)
export const manifest = manifestOf(bytes)
export const all = manifest.chunks.map((_, index) => index)

const STILL: Clock = { ...systemClock, now: () => 1_000_000 }

export function storeStarter(make: MakeStore): StartStore {
  return async (clock = STILL) => {
    const made = await make({ clock })
    onTestFinished(() => made.destroy())
    return made.store
  }
}

export function put(store: BlobStore, content: Uint8Array): Promise<BlobDescriptor> {
  return store.ingest(inPieces(content), LIMIT)
}

/** Gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigo-compliance-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
