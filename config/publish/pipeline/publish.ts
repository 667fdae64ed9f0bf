import { checkWords, type Publisher, readMemory } from '#config/store'
import { Publication } from './publication.ts'
import type { ReleaseTarget } from './target.ts'
import type { PublishOptions, PublishResult } from './types.ts'

/**
 * The whole way from the operators' tree to what servers read: repair in place, check, probe, prune, strip, release, swap. What is wrong
 * with the configuration is in the result, all of it, and then nothing is published. Tell a running server to reload afterwards, unless
 * the release went to a target of the options.
 *
 * @throws ReleaseError 'no-folder', 'busy', 'frozen', 'bad-live', 'bad-reason', 'damaged', 'disk-full', 'no-permission'; what the target throws
 */
export async function publish(options: PublishOptions): Promise<PublishResult> {
  const { author, reason = '' } = options
  checkWords({ author, reason })
  if (options.dryRun === true) {
    await recall(options)
    return await new Publication(options, null).run()
  }
  if (options.target !== undefined) return await publishTo(options.target, options)
  await using publisher = await openPublisher(options)
  await publisher.assertNotFrozen()
  return await publishTo(publisher, options)
}

async function publishTo(target: ReleaseTarget, options: PublishOptions): Promise<PublishResult> {
  await recall(options)
  return await new Publication(options, target).run()
}

/** What a checker knows of its own last run is newer than any file. */
async function recall({ checker: { memory, version }, releases }: PublishOptions): Promise<void> {
  memory.restart(memory.isEmpty ? await readMemory(releases.places, version) : memory.records)
}

async function openPublisher(options: PublishOptions): Promise<Publisher> {
  const { releases, waitMs, signal, onProgress } = options
  return await releases.publisher({
    doing: 'publish',
    ...(waitMs === undefined ? {} : { waitMs }),
    onWait: holder => onProgress?.({ step: 'waiting', holder }),
    signal,
  })
}
