export * from './replicas.ts'
export * from './target.ts'
