import { type AttributeValue, isListValue, isMapValue, type Value } from '#config/lang'
import type { PreparedResource } from '../compile/prepared.ts'

export const HIDDEN = '(hidden)'

/** Names of variables whose values are nobody's business. */
const SECRETIVE = /pass(?:word|phrase|wd)?$|secret|token|private_?key|api_?key|credential/i

/** A value on one line, as JSON; long ones shortened. */
export function shownValue(value: Value | AttributeValue | undefined, width = 100): string {
  const text = value === undefined ? '(none)' : JSON.stringify(value)
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

/** The value of a variable; what looks like a secret, and is no reference to one, is hidden. */
export function shownVariable(name: string, value: Value, hidden: ReadonlySet<string>): string {
  return hidden.has(name) || (SECRETIVE.test(name) && !isReference(value)) ? HIDDEN : shownValue(value)
}

export function isSensitive({ schema }: PreparedResource, attribute: string): boolean {
  return schema?.attributes.find(({ name }) => name === attribute)?.sensitive === true
}

/** `secret:path` says where a secret is, not what it is. */
export function isReference(value: Value | AttributeValue | undefined): boolean {
  if (typeof value === 'string') return /^secret:[\w./-]+$/.test(value)
  if (typeof value === 'number') return false
  if (value === undefined || typeof value !== 'object' || value === null) return true
  const inner: readonly Value[] = isListValue(value) ? value : isMapValue(value) ? Object.values(value) : []
  return inner.every(isReference)
}
