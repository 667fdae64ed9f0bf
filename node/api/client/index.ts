export * from './client.ts'
export type { RemoteServer } from './transport.ts'
