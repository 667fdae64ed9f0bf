import type { Releases } from '#config/store'
import type { Audit } from '#node/audit'
import type { Logger } from '#node/kit'
import type { Member, ServerSettings } from '#node/member'
import type { FleetControl, FleetView } from './fleet/types.ts'
import type { Policy } from './policy/types.ts'
import type { Rollout } from './rollout/types.ts'
import type { Spanner } from './spanner/types.ts'
import type { TasksControl, TasksView } from './tasks/types.ts'

/** What the faces of the server (REST, dashboard, metrics) are made of; `compose.ts` makes it. */
export interface ServerParts {
  readonly member: Member
  readonly settings: ServerSettings
  readonly version: string
  readonly releases: Releases
  readonly policy: Policy
  readonly fleet: FleetView & FleetControl
  readonly rollout: Rollout
  readonly spanner: Spanner
  readonly tasks: TasksView & TasksControl
  readonly audit: Audit
  readonly logger: Logger
}
