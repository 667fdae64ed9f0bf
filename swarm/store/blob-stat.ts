import type { BlobIndex } from './blob-index.ts'
import type { OpenBlob } from './open-blob.ts'
import type { BlobRow } from './rows.ts'
import type { BlobStat } from './types.ts'

/** What is known of a blob; of an open partial one, including what is not recorded yet. */
export async function statOfRow(
  index: BlobIndex,
  row: BlobRow,
  usedAt: number,
  open: OpenBlob | undefined,
): Promise<BlobStat> {
  const { sha, sizeBytes, chunks, chunkCount, addedAt, pins } = row
  const common = { sha, sizeBytes, chunks, chunkCount, addedAt, usedAt, pins }
  if (row.state === 'complete') return { ...common, state: 'complete', chunksHeld: chunkCount, bytesHeld: sizeBytes }
  if (open !== undefined) {
    return { ...common, state: 'partial', chunksHeld: open.chunksHeld, bytesHeld: open.bytesHeld }
  }
  const held = await index.held(row)
  const manifest = held.count > 0 ? await index.manifest(row.chunks) : null
  let bytesHeld = 0
  for (const chunk of held.indexes()) bytesHeld += manifest?.chunks[chunk]?.length ?? 0
  return { ...common, state: 'partial', chunksHeld: held.count, bytesHeld }
}
