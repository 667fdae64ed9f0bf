export * from './monitor/index.ts'
export * from './pipeline/index.ts'
export * from './probe/index.ts'
export * from './strip/index.ts'
