import { TemplateError } from '../errors.ts'
import type { Run } from '../evaluate/run.ts'
import type { Value } from '../value.ts'
import { type Form, writeValue } from './walk.ts'

const JSON_FORM: Form = {
  scalar: value => {
    if (typeof value === 'number') requireFinite(value)
    return JSON.stringify(value)
  },
  list: ['[', ',', ']'],
  map: ['{', ',', '}'],
  key: key => `${JSON.stringify(key)}:`,
}

export function jsonText(value: Value, run: Run): string {
  return writeValue(value, JSON_FORM, run)
}

export function requireFinite(value: number): void {
  if (!Number.isFinite(value)) throw new TemplateError('value', `${value} cannot be written as JSON or YAML`)
}
