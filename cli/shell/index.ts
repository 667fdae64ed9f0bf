export * from './output.ts'
export * from './passphrase.ts'
export * from './program.ts'
export * from './progress.ts'
