export * from './errors.ts'
export * from './messages.ts'
export * from './run.ts'
export * from './session.ts'
