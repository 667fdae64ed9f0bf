export * from './errors.ts'
export type { ContentCheck, RefStatus } from './held-project.ts'
export * from './replicator.ts'
