export { createApp, fail } from './app.ts'
export type { RawCall, RawStream } from './raw-streams.ts'
export {
  type Answer,
  addFallback,
  addRoutes,
  type Call,
  type Face,
  type Handler,
  type Handlers,
} from './routes.ts'
export * from './server.ts'
export * from './unix-logins.ts'
