export { simulateFleet } from './fleet.ts'
export type * from './types.ts'
