export { candidateTree } from './candidate.ts'
export type * from './checker.ts'
export {
  formatChanges,
  formatCounts,
  formatDiagnostics,
  formatPublish,
  formatRollback,
  formatSeverities,
} from './format.ts'
export { diagnosticJson, publishJson } from './json.ts'
export { publish } from './publish.ts'
export { writeRepairs } from './repair-sources.ts'
export * from './rollback.ts'
export type * from './target.ts'
export type * from './types.ts'
export { type FolderVerdict, validateFolder } from './validate.ts'
