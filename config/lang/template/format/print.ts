import { TemplateError } from '../errors.ts'
import type { Run } from '../evaluate/run.ts'
import type { Value } from '../value.ts'
import { numberText } from './number.ts'
import { type Form, writeValue } from './walk.ts'

const PRINTED: Form = {
  scalar: (value, nested) => {
    if (value !== null) return scalarText(value)
    if (nested) return '<nil>'
    throw nullError()
  },
  list: ['[', ' ', ']'],
  map: ['map[', ' ', ']'],
  key: key => `${key}:`,
}

export function scalarText(value: string | number | boolean): string {
  return typeof value === 'number' ? numberText(value) : String(value)
}

/** A value as Go's `%v`: `[a b]`, `map[a:1 b:2]`. @throws TemplateError for null, which is nothing to put into a configuration */
export function valueText(value: Value, run: Run): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(value)
  return writeValue(value, PRINTED, run)
}

/** As Go's `Sprint`: a space between two neighbours of which neither is a string. */
export function printed(values: readonly Value[], run: Run): string {
  let text = ''
  for (const [at, value] of values.entries()) {
    const spaced = at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string'
    text += (spaced ? ' ' : '') + valueText(value, run)
    run.checkLength(text.length)
  }
  return text
}

export function nullError(): TemplateError {
  return new TemplateError(
    'value',
    'the value is null, which has no text',
    'give it a value, or write default "" before it',
  )
}
