import type { HistoryEntry, Releases } from '#config/store'
import type { Policy, PolicyObserver } from '../policy/index.ts'
import type { Rollout, RolloutStatus } from '../rollout/types.ts'
import type { ServerInstruments } from './instruments.ts'

type Kind = HistoryEntry['kind']
type Verdict = RolloutStatus['verdicts'][number]['verdict']

const VERDICTS: readonly Verdict[] = ['healthy', 'rollback', 'inconclusive', 'error']

/** For `createPolicy`. */
export function policyObserver({ compileSeconds, reloads }: ServerInstruments): PolicyObserver {
  return {
    compiled: durationMs => compileSeconds.observe(durationMs / 1000),
    reloaded: result => reloads.inc({ result }),
  }
}

export interface ConfigSource {
  readonly policy: Pick<Policy, 'version' | 'loadedAt' | 'problem'>
  readonly releases: Pick<Releases, 'history'>
  readonly rollout: Pick<Rollout, 'status'>
}

/** What is live, how it came there, and how it is taken. */
export function watchConfig(metrics: ServerInstruments, { policy, releases, rollout }: ConfigSource): void {
  const counted: Record<Kind, number> = { publish: 0, rollback: 0, promote: 0 }
  let readFor = -1
  metrics.instruments.collect(async () => {
    metrics.configVersion.set(policy.version)
    metrics.configLoaded.set(policy.loadedAt / 1000)
    metrics.configProblem.set(policy.problem === null ? 0 : 1)
    const { canary, verdicts } = rollout.status()
    metrics.staged.set(canary?.phase === 'watching' ? 1 : 0)
    for (const verdict of VERDICTS) {
      metrics.verdicts.set({ verdict }, verdicts.filter(each => each.verdict === verdict).length)
    }
    // The history is read from disk; it grows with what is loaded only.
    if (policy.version === readFor) return
    const { entries } = await releases.history()
    readFor = policy.version
    for (const kind of Object.keys(counted) as Kind[]) {
      const count = entries.filter(entry => entry.kind === kind).length
      const more = Math.max(0, count - counted[kind])
      metrics.releases.inc({ kind }, more)
      if (kind === 'rollback') metrics.rollbacks.inc(more)
      counted[kind] = count
    }
  })
}
