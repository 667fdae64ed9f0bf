import type { TreeChecker } from '#config/publish'
import { type ReleaseHash, type Releases, shortHash } from '#config/store'
import type { Publishing } from '../spanner/types.ts'
import { RolloutError } from './errors.ts'

/** Whom the history names when nobody decided but the machine. */
export const MONITOR_AUTHOR = 'rollback monitor'

const WAIT_MS = 10_000
const MAX_REASON = 1000

export interface TakeBackRequest {
  readonly releases: Releases
  readonly publishing: Pick<Publishing, 'rollback'>
  readonly checker: TreeChecker
  /** What is live and should not be. */
  readonly release: ReleaseHash
  readonly to: ReleaseHash
  readonly author: string
  readonly reason: string
  readonly signal: AbortSignal
}

/**
 * Makes `to` live again, as a new release, if `release` is live still: what somebody else published meanwhile is never taken back. A
 * freeze holds for the machine as well.
 *
 * @throws RolloutError 'superseded', 'not-valid'; ReleaseError 'busy', 'frozen', 'no-release', 'damaged', 'disk-full', 'no-permission'
 */
export async function takeBack(request: TakeBackRequest): Promise<void> {
  const { releases, publishing, checker, release, to, author, reason, signal } = request
  await assertLive(releases, release)
  const result = await publishing.rollback({
    // Asked while nobody else can publish.
    checker: {
      memory: checker.memory,
      version: checker.version,
      repair: async (files, context) => await checker.repair(files, context),
      check: async (files, context) => {
        await assertLive(releases, release)
        return await checker.check(files, context)
      },
    },
    author,
    reason: reason.replaceAll(/\p{Cc}/gu, ' ').slice(0, MAX_REASON),
    to,
    waitMs: WAIT_MS,
    signal,
  })
  if (result.outcome === 'rolled-back') return
  const first = result.diagnostics.find(({ severity }) => severity === 'error')?.message ?? ''
  throw new RolloutError('not-valid', `release ${shortHash(to)} is not valid any more (${first}); publish a mended one`)
}

async function assertLive(releases: Releases, release: ReleaseHash): Promise<void> {
  const live = await releases.live()
  if (live === release) return
  throw new RolloutError('superseded', `release ${shortHash(release)} is not live any more; nothing was rolled back`)
}
