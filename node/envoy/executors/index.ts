export * from './errors.ts'
export type * from './executor.ts'
export type * from './machine.ts'
