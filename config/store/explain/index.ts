export type { TracedAttribute, TracedResource } from './attributes.ts'
export { type Outline, type OutlinedCrate, type OutlinedEntry, outline, renderOutline } from './outline.ts'
export { type Found, renderFound, search } from './search.ts'
export { presentable, renderBundle } from './show.ts'
export {
  type Trace,
  type TracedAbsence,
  type TracedCrate,
  type TracedEntry,
  type TracedReason,
  type TraceOptions,
  trace,
} from './trace.ts'
export { renderTrace } from './trace-text.ts'
export type { LostValue, TracedVariable } from './variables.ts'
