import { Document, isScalar, type ScalarTag } from 'yaml'
import type { ScalarNode } from '../../node.ts'
import { heldValue } from '../scalar-value.ts'

/** The library's own rules for what is not text, in its order. */
const TAGS: readonly ScalarTag[] = new Document(null, { version: '1.2', schema: 'core' }).schema.tags.filter(
  (tag): tag is ScalarTag => tag.default === true && !tag.collection && tag.test !== undefined,
)

/** What all those rules want. */
const MAY_BE_NO_TEXT = /^(?:[-+.\d~]|(?:null|true|false)$)/i

/** The value of a plain scalar; undefined for a number that a configuration cannot hold. */
export function plainValue(source: string): ScalarNode['value'] | undefined {
  if (!MAY_BE_NO_TEXT.test(source)) return source
  const tag = TAGS.find(({ test }) => test?.test(source))
  if (tag === undefined) return source
  const resolved: unknown = tag.resolve(source, () => undefined, {})
  const value = isScalar(resolved) ? resolved.value : resolved
  return typeof value === 'number' && !Number.isFinite(value) ? undefined : heldValue(value, source)
}
