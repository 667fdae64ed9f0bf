import { Type } from '@sinclair/typebox'
import { Count } from './forms.ts'

/** What a run found about one resource, as agents and servers show it. */
export const ResourceRow = Type.Object({
  id: Type.String(),
  type: Type.String(),
  state: Type.String(),
  message: Type.Optional(Type.String()),
  changes: Type.Optional(Type.Array(Type.Object({ attribute: Type.String(), from: Type.String(), to: Type.String() }))),
  diff: Type.Optional(Type.String()),
  output: Type.Optional(Type.String()),
  durationMs: Count,
})
