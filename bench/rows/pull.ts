import type { BlobDescriptor } from '#swarm/store'
import { writeRandomFile } from '../harness/content.ts'
import type { RowContext } from '../harness/types.ts'
import { Fleet } from '../peer/fleet.ts'
import type { Peer } from '../peer/peer.ts'

/** A file with random bytes, its holder, and somebody who pulls it again and again. */
export interface Source {
  readonly fleet: Fleet
  readonly path: string
  readonly sizeBytes: number
  readonly blob: BlobDescriptor
  readonly manifest: string
}

export async function holderAndPullers(
  context: RowContext,
  options: { sizeBytes: number; pullers: number; seed: string },
): Promise<Source> {
  const { sizeBytes } = options
  const path = context.scope.path(`${options.seed}.bin`)
  await writeRandomFile(path, options.seed, sizeBytes)
  const fleet = await Fleet.start(context, 1 + options.pullers)
  const { blob, manifest } = await fleet.origin.call('ingest', { path, sizeBytes })
  return { fleet, path, sizeBytes, blob, manifest }
}

/** Milliseconds of one pull of a blob that the peer does not have; it does not have it afterwards either. */
export async function pullOnce(context: RowContext, puller: Peer, blob: BlobDescriptor): Promise<number> {
  const path = context.scope.path(`pulled-${puller.peerId}`)
  const { ms, report } = await puller.call('pull', { blob, path })
  if (report.bytesFetched !== blob.sizeBytes) throw new Error(`a pull fetched ${report.bytesFetched} bytes`)
  await puller.call('forget', { sha: blob.sha, path })
  return ms
}
