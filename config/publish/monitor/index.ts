export { MonitorError } from './errors.ts'
export { RollbackMonitor } from './rollback-monitor.ts'
export { MONITOR_DEFAULTS, type MonitorSettings, monitorSettings } from './settings.ts'
export type * from './types.ts'
