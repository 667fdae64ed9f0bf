export * from './bridge.ts'
export * from './directory.ts'
export * from './name-claim.ts'
