import { type Place, TemplateError } from '../errors.ts'
import { scalarText } from '../format/print.ts'
import { describeKind, isList, isMap, type Value } from '../value.ts'
import type { ParameterKind } from './signature.ts'

const WANTED: Readonly<Record<Exclude<ParameterKind, 'any' | 'optional'>, string>> = {
  text: 'text',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  list: 'a list',
  map: 'a map',
}

/** The value as a parameter of this kind gets it. @throws TemplateError at `place` */
export function conform(value: Value | undefined, kind: ParameterKind, name: string, place: Place): Value | undefined {
  if (kind === 'any' || kind === 'optional' || value === undefined) return value
  if (kind === 'text') {
    if (typeof value === 'string') return value
    if (typeof value === 'number' || typeof value === 'boolean') return scalarText(value)
  } else if (kind === 'integer' ? Number.isSafeInteger(value) : kind === 'list' ? isList(value) : isOf(value, kind)) {
    return value
  }
  const found = typeof value === 'number' && kind === 'integer' ? 'a fraction' : describeKind(value)
  throw new TemplateError('value', `'${name}' takes ${WANTED[kind]} here, not ${found}`, hintFor(value, kind), place)
}

function isOf(value: Value, kind: 'string' | 'number' | 'map'): boolean {
  return kind === 'map' ? isMap(value) : typeof value === kind
}

function hintFor(value: Value, kind: ParameterKind): string {
  if (value === null) return 'give it a value, or put default before it'
  if (kind === 'integer' || kind === 'number') {
    return typeof value === 'string' ? 'remove its quotes, or convert it with int' : ''
  }
  if (kind === 'list' && typeof value === 'string') return 'split makes a list of a string: split "," TEXT'
  if (kind === 'text' && isList(value)) return 'join makes text of a list: join "," LIST'
  return ''
}
