export * from './errors.ts'
export * from './request.ts'
export type * from './types.ts'
