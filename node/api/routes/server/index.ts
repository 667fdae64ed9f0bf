import { accessRoutes } from './access.ts'
import { configRoutes } from './config.ts'
import { fleetRoutes } from './envoys.ts'
import { gitbackViewRoutes } from './gitback.ts'
import { machineRoutes } from './machine.ts'
import { memberRoutes } from './members.ts'
import { rolloutRoutes } from './rollout.ts'
import { spannerRoutes } from './spanner.ts'
import { taskRoutes } from './tasks.ts'

export { type ApiTokenRow, type AuditRow, accessRoutes, type Role } from './access.ts'
export { type ConfigVersion, configRoutes, type DiagnosticRow, type HistoryRow } from './config.ts'
export {
  type EnvoyRow,
  type FleetCounts,
  fleetRoutes,
  type RunDetail,
  type RunSummary,
} from './envoys.ts'
export { gitbackViewRoutes } from './gitback.ts'
export { type Finding, machineRoutes, type ServerStatus } from './machine.ts'
export { type MemberRow, memberRoutes } from './members.ts'
export { type Canary, type RolloutStatus, rolloutRoutes } from './rollout.ts'
export { BoltReport, type BoltRow, type SpannerStatus, type StacksHead, spannerRoutes } from './spanner.ts'
export { type TaskHost, type TaskPlan, type TaskProgress, type TaskRow, taskRoutes, type WorkflowRow } from './tasks.ts'

/** The API of a server: on `vigosrv.sock` for its administrator, over HTTPS for whoever has a token. */
export const serverRoutes = {
  ...machineRoutes,
  ...configRoutes,
  ...rolloutRoutes,
  ...spannerRoutes,
  ...gitbackViewRoutes,
  ...fleetRoutes,
  ...taskRoutes,
  ...memberRoutes,
  ...accessRoutes,
}
