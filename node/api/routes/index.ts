export * from './agent.ts'
export * from './curator.ts'
export * from './curator-schemas.ts'
export * from './server.ts'
