export * from './errors.ts'
export * from './lab.ts'
