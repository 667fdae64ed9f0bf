export * from './record-set.ts'
export * from './record-table.ts'
export * from './replication.ts'
export { type SyncReport, syncWith } from './sync.ts'
