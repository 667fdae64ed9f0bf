export { collectTraits } from './collect-traits.ts'
export * from './compose.ts'
export * from './enroll.ts'
