export * from './bundle-messages.ts'
export * from './errors.ts'
export { createPolicy, type PolicyObserver, type PolicyOptions } from './live-policy.ts'
export type * from './types.ts'
