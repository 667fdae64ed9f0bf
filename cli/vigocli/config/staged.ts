import { setTimeout as sleep } from 'node:timers/promises'
import { print, type StatusLine } from '#cli/shell'
import { type ReleaseHash, shortHash } from '#config/store'
import { type ApiClient, ApiError, type Canary, exitCodes, serverRoutes } from '#node/api'
import { formatDuration } from '#node/kit'
import { plural, stateWord } from '../words.ts'

const POLL_MS = 500
/** How long after its end a roll-out may go without a decision: the server looks at it in turns. */
const GRACE_MS = 120_000

/** How long after it is in force a release may not be staged yet. */
const STAGING_MS = 10_000

export type Staged = Exclude<Canary, { phase: 'announced' }>

/** Announces canaries for the release that `publish` makes; takes the announcement back when it makes none. */
export async function announced<T>(
  client: ApiClient,
  selector: string,
  publish: () => Promise<T>,
  options: { signal: AbortSignal; isPublished: (result: T) => boolean },
): Promise<T> {
  const { signal, isPublished } = options
  await client.call(serverRoutes.announceRollout, { selector }, { signal })
  let isKept = false
  try {
    const result = await publish()
    isKept = isPublished(result)
    return result
  } finally {
    // Also after Ctrl-C, which has nothing to do with this: a forgotten announcement would catch the next release.
    if (!isKept) await client.call(serverRoutes.withdrawRollout, {}, { signal: AbortSignal.timeout(10_000) })
  }
}

/** Shows how canaries do until the release is everybody's, taken back, or a person must decide. */
export async function followCanaries(
  client: ApiClient,
  release: ReleaseHash,
  { signal, line }: { signal: AbortSignal; line: StatusLine },
): Promise<Staged> {
  const since = performance.now()
  try {
    for (;;) {
      const { canary } = await client.call(serverRoutes.rollout, {}, { signal })
      if (canary?.phase === 'announced' && performance.now() - since < STAGING_MS) {
        await sleep(POLL_MS, undefined, { signal })
        continue
      }
      if (canary === null || canary.phase === 'announced' || canary.release !== release) {
        throw new ApiError(
          'broken-answer',
          `the server does not stage ${shortHash(release)}; see vigocli config rollout status`,
        )
      }
      if (canary.phase !== 'watching' || canary.problem !== undefined) return canary
      const leftMs = canary.until - Date.now()
      if (leftMs < -GRACE_MS) {
        throw new ApiError('broken-answer', 'the server has not decided in time; see vigocli config rollout status')
      }
      line.show(`${progressOf(canary)}; ${leftMs > 0 ? `${formatDuration(leftMs)} left` : 'deciding'}`)
      await sleep(POLL_MS, undefined, { signal })
    }
  } finally {
    line.clear()
  }
}

export function progressOf({ hosts, converged, failed }: Staged): string {
  const bad = failed.length === 0 ? '' : `, ${failed.length} failed (${failed.slice(0, 5).join(', ')})`
  return `${converged.length} of ${plural(hosts.length, 'canary', 'canaries')} converged${bad}`
}

/** How it ended; a release that not everybody gets is a failure. */
export function tellEnd(canary: Staged): void {
  if (canary.phase === 'promoted') {
    print(`Everybody gets it: ${canary.reason}.`)
    return
  }
  process.exitCode = exitCodes.failed
  if (canary.phase === 'stopped') {
    print(`${stateWord('stopped')}: ${canary.reason}. What was live before is live again.`)
    return
  }
  print(`${progressOf(canary)}. It waits for you: ${canary.problem ?? 'nothing was decided'}.`)
  print('See vigocli config rollout status, then promote or stop it there.')
}
