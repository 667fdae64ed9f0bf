export * from './client/index.ts'
export * from './contract.ts'
export * from './errors.ts'
export * from './routes/index.ts'
