import type { ScalarNode } from '../node.ts'

/** The value of a scalar that YAML reads as `value`: a whole number that is not exact stays text. */
export function heldValue(value: unknown, source: string): ScalarNode['value'] {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? source : value
  return value === null || typeof value === 'boolean' ? value : source
}
