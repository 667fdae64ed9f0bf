export * from './compose.ts'
export * from './init.ts'
