import { TemplateError } from '../errors.ts'
import { shorten, suggest } from '../suggestion.ts'
import { byteLength, describeKind, isList, isMap, keysOf, memberOf, sizeOf, type Value } from '../value.ts'
import { functionsOf } from './signature.ts'

const access = functionsOf('access', { isGo: true })

export const accessFunctions = [
  access({
    usage: 'len VALUE',
    description: 'items of a list, keys of a map, bytes of a string in UTF-8',
    parameters: ['any'],
    call: ([value]) => lengthOf(value),
  }),
  access({
    usage: 'index VALUE KEY…',
    description: 'the item of a list, the value of a key, the byte of a string; further keys go deeper',
    parameters: ['any'],
    rest: 'any',
    call: ([value, ...keys]) => {
      let item: Value = value
      for (const key of keys) {
        const next = itemAt(item, key)
        if (next === undefined) throw noKey(item, typeof key === 'string' ? key : '')
        item = next
      }
      return item
    },
  }),
  access({
    usage: 'slice VALUE FROM TO',
    description: 'part of a list, or of a string in bytes; without TO the rest, without FROM all',
    parameters: ['any'],
    rest: 'integer',
    mostRest: 3,
    call: ([value, ...bounds]) => sliceOf(value, bounds),
  }),
]

function lengthOf(value: Value): number {
  if (typeof value === 'string') return byteLength(value)
  if (isList(value)) return value.length
  if (isMap(value)) return sizeOf(value)
  throw new TemplateError('value', `${describeKind(value)} has no length`)
}

/** What `index` finds, or undefined when a map has no such key. @throws TemplateError when the item cannot be indexed so */
export function itemAt(item: Value, key: Value): Value | undefined {
  if (isMap(item)) {
    if (typeof key === 'string') return memberOf(item, key)
    throw new TemplateError('value', `the key of a map is a string, not ${describeKind(key)}`)
  }
  if (!isList(item) && typeof item !== 'string') {
    throw new TemplateError('value', `${describeKind(item)} has no items`, item === null ? 'put default before it' : '')
  }
  if (typeof key !== 'number' || !Number.isSafeInteger(key)) {
    throw new TemplateError('value', `${describeKind(item)} is indexed with a whole number, not ${describeKind(key)}`)
  }
  const length = lengthOf(item)
  if (key < 0 || key >= length) {
    throw new TemplateError('value', `index ${key} is out of range: there are ${length} (counted from 0)`)
  }
  return isList(item) ? item[key]! : Buffer.from(item, 'utf8')[key]!
}

function noKey(item: Value, key: string): TemplateError {
  const keys = isMap(item) ? keysOf(item) : []
  const hint = suggest(key, keys, known => (known === '' ? 'the map is empty' : `its keys are ${known}`))
  return new TemplateError('missing', `the map has no key '${shorten([key])}'`, hint)
}

function sliceOf(value: Value, bounds: readonly number[]): Value {
  if (typeof value !== 'string' && !isList(value))
    throw new TemplateError('value', `${describeKind(value)} has no parts`)
  if (typeof value === 'string' && bounds.length === 3)
    throw new TemplateError('value', 'a string is sliced with at most two bounds')
  const length = lengthOf(value)
  const wrong = bounds.find(bound => bound < 0 || bound > length)
  if (wrong !== undefined) throw new TemplateError('value', `bound ${wrong} is out of range: there are ${length}`)
  const [from = 0, to = length, most = length] = bounds
  if (from > to || to > most) throw new TemplateError('value', `the bounds ${bounds.join(' ')} are not in order`)
  return typeof value === 'string' ? sliceBytes(value, from, to) : value.slice(from, to)
}

function sliceBytes(text: string, from: number, to: number): string {
  const bytes = Buffer.from(text, 'utf8').subarray(from, to)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new TemplateError(
      'value',
      `bytes ${from} to ${to} end inside a character`,
      'bounds of a string count bytes of UTF-8',
    )
  }
}
