import { TemplateError } from '../errors.ts'
import type { Run } from '../evaluate/run.ts'
import { MAX_VALUE_DEPTH } from '../limits.ts'
import { isList, sortedKeys, type Value, type ValueMap } from '../value.ts'

/** How the parts of a value become one text. */
export interface Form {
  readonly scalar: (value: string | number | boolean | null, nested: boolean) => string
  readonly list: readonly [open: string, separator: string, close: string]
  readonly map: readonly [open: string, separator: string, close: string]
  readonly key: (key: string) => string
}

/** The text of a value of any depth, paid for part by part: values made by templates may share parts a billion times. */
export function writeValue(value: Value, form: Form, run: Run): string {
  let text = ''
  const add = (part: string): void => {
    text += part
    run.checkLength(text.length)
  }
  const visit = (part: Value, depth: number): void => {
    run.charge(1)
    if (typeof part !== 'object' || part === null) {
      add(form.scalar(part, depth > 0))
      return
    }
    requireShallow(depth)
    if (isList(part)) {
      const [open, separator, close] = form.list
      add(open)
      for (const [at, item] of part.entries()) {
        if (at > 0) add(separator)
        visit(item, depth + 1)
      }
      add(close)
    } else visitMap(part, depth)
  }
  const visitMap = (map: ValueMap, depth: number): void => {
    const [open, separator, close] = form.map
    add(open)
    let first = true
    for (const [key, item] of sortedEntries(map, run)) {
      if (!first) add(separator)
      first = false
      add(form.key(key))
      visit(item, depth + 1)
    }
    add(close)
  }
  visit(value, 0)
  return text
}

/** Entries by key, as Go prints and visits them. */
export function sortedEntries(map: ValueMap, run: Run): [string, Value][] {
  const keys = sortedKeys(map)
  run.charge(keys.length >> 2)
  return keys.map(key => [key, map instanceof Map ? map.get(key) : (map as { readonly [key: string]: Value })[key]])
}

export function requireShallow(depth: number): void {
  if (depth < MAX_VALUE_DEPTH) return
  throw new TemplateError('limit', `a value is nested deeper than ${MAX_VALUE_DEPTH} lists and maps`)
}
