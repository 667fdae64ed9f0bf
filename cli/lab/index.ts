export * from './errors.ts'
export * from './lab.ts'
export type { LabNode, LabNodeStatus } from './lab-node.ts'
