export * from './compose.ts'
export * from './init.ts'
export * from './join.ts'
