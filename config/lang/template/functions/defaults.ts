import { TemplateError } from '../errors.ts'
import { isMap, isTrue, memberOf, type Value } from '../value.ts'
import { functionsOf } from './signature.ts'

const defaults = functionsOf('defaults', { isGo: false })

export const defaultFunctions = [
  defaults({
    usage: 'default FALLBACK VALUE',
    description:
      'the value, or the fallback when it does not exist, is null or is empty; false and 0 are values and stay',
    parameters: ['any', 'optional'],
    call: ([fallback, value]) => (isGiven(value) ? value : fallback),
  }),
  defaults({
    usage: 'coalesce VALUE…',
    description: 'the first value that exists and is neither null nor empty',
    parameters: ['optional'],
    rest: 'optional',
    call: values => {
      const found = values.find(isGiven)
      if (found !== undefined) return found
      throw new TemplateError('missing', 'coalesce was given no value', 'end its arguments with one that always exists')
    },
  }),
  defaults({
    usage: 'required MESSAGE VALUE',
    description: 'the value; an error with the message when it does not exist, is null or is empty',
    parameters: ['text', 'optional'],
    call: ([message, value]) => {
      if (isGiven(value)) return value
      throw new TemplateError('missing', message === '' ? 'a required value is not set' : message.slice(0, 500))
    },
  }),
  defaults({
    usage: 'hasKey MAP KEY',
    description: 'whether the map exists and has the key',
    parameters: ['optional', 'text'],
    call: ([map, key]) => {
      if (map === undefined || map === null) return false
      if (isMap(map)) return memberOf(map, key) !== undefined
      throw new TemplateError('value', 'hasKey looks into a map', 'has looks into a list')
    },
  }),
  defaults({
    usage: 'ternary YES NO VALUE',
    description: 'YES when the value is true, else NO; both are evaluated',
    parameters: ['any', 'any', 'any'],
    call: ([yes, no, value]) => (isTrue(value) ? yes : no),
  }),
]

function isGiven(value: Value | undefined): value is Value {
  if (value === undefined || value === null) return false
  return typeof value === 'boolean' || typeof value === 'number' || isTrue(value)
}
