export * from './curator.ts'
export * from './errors.ts'
export * from './housekeeping.ts'
export * from './shelf.ts'
