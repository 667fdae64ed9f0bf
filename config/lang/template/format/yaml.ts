import { stringify } from 'yaml'
import type { Run } from '../evaluate/run.ts'
import { isList, type Value } from '../value.ts'
import { requireFinite } from './json.ts'
import { requireShallow, sortedEntries } from './walk.ts'

/** In YAML 1.2 that a YAML 1.1 reader understands in the same way: what it would take for a boolean is quoted. */
export function yamlText(value: Value, run: Run): string {
  const text = stringify(copied(value, run, 0), { aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' })
  return text.replace(/\n$/, '')
}

/** A tree of maps in order; what is shared is copied, and paid for. */
function copied(value: Value, run: Run, depth: number): unknown {
  run.charge(8)
  if (typeof value === 'string') run.charge(value.length >> 6)
  if (typeof value === 'number') requireFinite(value)
  if (typeof value !== 'object' || value === null) return value
  requireShallow(depth)
  if (isList(value)) return value.map(item => copied(item, run, depth + 1))
  return new Map(sortedEntries(value, run).map(([key, item]) => [key, copied(item, run, depth + 1)]))
}
