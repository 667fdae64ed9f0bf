export * from './create-host.ts'
export * from './errors.ts'
export type { Gate } from './gate.ts'
export { type Identity, identityFromSeed, peerIdOf, publicKeyOf } from './identity.ts'
export {
  type MemoryHostOptions,
  type MemoryNetwork,
  type MemoryNetworkOptions,
  memoryNetwork,
} from './memory/network.ts'
export * from './open-host.ts'
export * from './request.ts'
export type * from './types.ts'
