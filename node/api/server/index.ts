export * from './server.ts'
export * from './unix-logins.ts'
