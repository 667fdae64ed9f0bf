export { type Edge, type TopologicalOrder, topologicalOrder } from './topological-order.ts'
