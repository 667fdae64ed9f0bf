import { SecretStore, secretsFolder } from '#config/secrets'
import { configHome, Releases, releasePlaces } from '#config/store'
import type { Audit } from '#node/audit'
import type { Logger } from '#node/kit'
import type { Member } from '#node/member'
import type { Signer } from '#swarm/record'
import type { CurrentSettings } from './current-settings.ts'
import { Fleet, WatchedSecrets } from './fleet/index.ts'
import { createPolicy, type Policy, type PolicyObserver } from './policy/index.ts'
import type { RestHandlers } from './rest/index.ts'
import { createRollout, type LiveRollout } from './rollout/index.ts'
import { FleetHomes } from './spanner/homes.ts'
import { LiveSpanner } from './spanner/live-spanner.ts'
import { createTasks, type Tasks } from './tasks/index.ts'

/** Everything about envoys: what they should have, how they are, what is done with them. Nobody is served yet. */
export interface OpenFleet {
  readonly releases: Releases
  readonly policy: Policy
  readonly secrets: WatchedSecrets
  readonly fleet: Fleet
  readonly spanner: LiveSpanner
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
  signer: Signer
  version: string
  /** What the server answers on its routes, once it does. */
  handlers: () => RestHandlers
  logger: Logger
  opened: { close(): Promise<unknown> }[]
}): Promise<OpenFleet> {
  const { member, settings, audit, observer, signer, version, handlers, logger, opened } = options
  const { db, roster, clock, layout } = member
  const home = configHome(layout.root)
  const note = <T extends { close(): Promise<unknown> }>(part: T): T => {
    opened.push(part)
    return part
  }
  const releases = new Releases({ places: releasePlaces(home), clock })
  const policy = await createPolicy({
    releases,
    clock,
    logger,
    observer,
    whyNotReady: () => spanner.whyNotReady(),
  })
  const store = new SecretStore({ folder: secretsFolder(home) })
  const secrets = note(await WatchedSecrets.open(store, logger))
  const homes = note(new FleetHomes({ roster, routes: member.routes, host: member.host, clock }))
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
      homes,
    }),
  )
  const spanner = note(
    await LiveSpanner.open({
      member,
      signer,
      settings,
      releases,
      policy,
      fleet,
      homes,
      audit,
      version,
      random: Math.random,
      logger,
      handlers,
    }),
  )
  const rollout = note(
    await createRollout({
      db,
      clock,
      logger,
      releases,
      publishing: () => spanner,
      judges: release => spanner.judges(release),
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
  return { releases, policy, secrets, fleet, spanner, rollout, tasks }
}
