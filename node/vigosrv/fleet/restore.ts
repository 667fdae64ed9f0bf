import type { Logger } from '#node/kit'
import type { Roster } from '#swarm/roster'
import { type Given, NO_ANSWER, NO_RUNS, type RunState, STORED_FORMAT, type StoredEnvoy } from './envoy-state.ts'
import type { FleetStore } from './fleet-store.ts'
import { rebuiltRuns } from './run-log.ts'
import type { FleetSettings } from './settings.ts'

export interface Restored {
  readonly envoys: ReadonlyMap<string, StoredEnvoy>
  /** Stored envoys that were revoked. Whom the roster does not know is not among them: a roster may have to be synced first. */
  readonly revoked: readonly string[]
}

/** What is on disk about the envoys of the roster. A row that is lost is made again from the runs of its envoy. */
export async function restoreEnvoys(
  store: FleetStore,
  roster: Roster,
  { settings, logger }: { settings: FleetSettings; logger: Logger },
): Promise<Restored> {
  const found = new Map<string, StoredEnvoy>()
  const revoked: string[] = []
  for await (const [peer, stored] of store.envoys()) {
    if (isRevoked(roster, peer)) revoked.push(peer)
    else if (stored !== null) found.set(peer, stored)
  }
  for (const { peer, hostname, role } of roster.members()) {
    if (role !== 'envoy' || found.has(peer) || !roster.isMember(peer)) continue
    const runs = await rebuiltRuns(store, peer, settings.runs)
    if (runs === NO_RUNS) continue
    logger.warn('envoy-rebuilt', { host: hostname, runs: runs.runs }, 'its row was lost and is made of its runs')
    found.set(peer, {
      format: STORED_FORMAT,
      version: '',
      seenAt: runs.run?.receivedAt ?? null,
      intervalMs: settings.intervalMs,
      traitsHash: '',
      answer: NO_ANSWER,
      runs,
      given: givenBefore(runs),
    })
  }
  return { envoys: found, revoked }
}

function givenBefore({ run, bundle }: RunState): readonly Given[] {
  return run === null || bundle === null ? [] : [{ release: run.release, bundle }]
}

function isRevoked(roster: Roster, peer: string): boolean {
  const member = roster.member(peer)
  return member !== null && member.revoked !== null
}
