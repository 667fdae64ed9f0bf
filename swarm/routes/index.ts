export * from './bolts-for.ts'
export * from './errors.ts'
export { HostPatterns, MAX_PATTERNS, requirePatterns } from './pattern.ts'
export * from './routes.ts'
export {
  type BoltRoute,
  type EnvoyRoute,
  readBoltRoute,
  readEnvoyRoute,
  signBoltRoute,
  signEnvoyRoute,
} from './rows.ts'
