import { checkWords, type Publisher } from '#config/store'
import { Publication } from './publication.ts'
import type { PublishOptions, PublishResult } from './types.ts'

/**
 * The whole way from the operators' tree to what servers read, standalone: repair in place, check, probe, prune, strip, release, swap. What
 * is wrong with the configuration is in the result, all of it, and then nothing is published. Tell a running server to reload afterwards.
 *
 * @throws ReleaseError 'no-folder', 'busy', 'frozen', 'bad-live', 'bad-reason', 'damaged', 'disk-full', 'no-permission'
 */
export async function publish(options: PublishOptions): Promise<PublishResult> {
  const { author, reason = '' } = options
  checkWords({ author, reason })
  if (options.dryRun === true) return await new Publication(options, null).run()
  await using publisher = await openPublisher(options)
  await publisher.assertNotFrozen()
  return await new Publication(options, publisher).run()
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
