import { SecretStore, secretsFolder } from '#config/secrets'
import { configHome, Releases, releasePlaces } from '#config/store'
import type { Audit } from '#node/audit'
import type { Logger } from '#node/kit'
import type { Member } from '#node/member'
import type { CurrentSettings } from './current-settings.ts'
import { Fleet, WatchedSecrets } from './fleet/index.ts'
import { createPolicy, type Policy, type PolicyObserver } from './policy/index.ts'
import { createRollout, type LiveRollout } from './rollout/index.ts'
import { createTasks, type Tasks } from './tasks/index.ts'

/** Everything about envoys: what they should have, how they are, what is done with them. Nobody is served yet. */
export interface OpenFleet {
  readonly releases: Releases
  readonly policy: Policy
  readonly secrets: WatchedSecrets
  readonly fleet: Fleet
  readonly rollout: LiveRollout
  readonly tasks: Tasks
}

/**
 * Opens the parts one after the other, and notes each in `opened` to be closed again.
 *
 * @throws PolicyError 'bad-policy', ReleaseError 'bad-live', 'no-release'
 */
export async function openFleet(options: {
  member: Member
  settings: CurrentSettings
  audit: Audit
  observer: PolicyObserver
  logger: Logger
  opened: { close(): Promise<unknown> }[]
}): Promise<OpenFleet> {
  const { member, settings, audit, observer, logger, opened } = options
  const { db, roster, clock, layout } = member
  const home = configHome(layout.root)
  const note = <T extends { close(): Promise<unknown> }>(part: T): T => {
    opened.push(part)
    return part
  }
  const releases = new Releases({ places: releasePlaces(home), clock })
  const policy = await createPolicy({ releases, clock, logger, observer })
  const store = new SecretStore({ folder: secretsFolder(home) })
  const secrets = note(await WatchedSecrets.open(store, logger))
  const fleet = note(
    await Fleet.open({
      db,
      roster,
      policy,
      secrets,
      audit,
      clock,
      random: Math.random,
      logger,
      settings: () => settings.fleet,
    }),
  )
  const rollout = note(
    await createRollout({
      db,
      clock,
      logger,
      releases,
      policy,
      fleet,
      audit,
      settings: () => settings.rollout,
      onChange: () => fleet.emit({ type: 'rollout' }),
    }),
  )
  const tasks = note(
    await createTasks({
      db,
      clock,
      logger,
      audit,
      policy,
      fleet,
      channel: fleet.tasks,
      secrets: store,
      onChange: id => fleet.emit({ type: 'task', id }),
    }),
  )
  return { releases, policy, secrets, fleet, rollout, tasks }
}
