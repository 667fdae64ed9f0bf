import { TemplateError } from '../errors.ts'
import { describeKind, type Value } from '../value.ts'
import { functionsOf } from './signature.ts'

const numbers = functionsOf('numbers', { isGo: false })

export const numberFunctions = [
  numbers({
    usage: 'add NUMBER…',
    description: 'the sum',
    parameters: ['number'],
    rest: 'number',
    call: values =>
      exact(
        values,
        values.reduce((sum, value) => sum + value, 0),
      ),
  }),
  numbers({
    usage: 'sub NUMBER OTHER',
    description: 'the first less the second',
    parameters: ['number', 'number'],
    call: ([a, b]) => exact([a, b], a - b),
  }),
  numbers({
    usage: 'mul NUMBER…',
    description: 'the product',
    parameters: ['number'],
    rest: 'number',
    call: values =>
      exact(
        values,
        values.reduce((product, value) => product * value, 1),
      ),
  }),
  numbers({
    usage: 'div NUMBER OTHER',
    description: 'the first divided by the second; of whole numbers without the remainder, towards zero',
    parameters: ['number', 'number'],
    call: ([a, b]) => {
      if (b === 0) throw new TemplateError('value', 'div divides by zero')
      return exact([a, b], Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b)
    },
  }),
  numbers({
    usage: 'mod NUMBER OTHER',
    description: 'the remainder of whole numbers, with the sign of the first',
    parameters: ['integer', 'integer'],
    call: ([a, b]) => {
      if (b === 0) throw new TemplateError('value', 'mod divides by zero')
      return exact([a, b], a % b)
    },
  }),
  numbers({
    usage: 'min NUMBER…',
    description: 'the smallest',
    parameters: ['number'],
    rest: 'number',
    call: values => values.reduce((a, b) => Math.min(a, b)),
  }),
  numbers({
    usage: 'max NUMBER…',
    description: 'the largest',
    parameters: ['number'],
    rest: 'number',
    call: values => values.reduce((a, b) => Math.max(a, b)),
  }),
  numbers({
    usage: 'floor NUMBER',
    description: 'the next whole number below',
    parameters: ['number'],
    call: ([value]) => exact([], Math.floor(value)),
  }),
  numbers({
    usage: 'ceil NUMBER',
    description: 'the next whole number above',
    parameters: ['number'],
    call: ([value]) => exact([], Math.ceil(value)),
  }),
  numbers({
    usage: 'round NUMBER',
    description: 'the nearest whole number, halves away from zero',
    parameters: ['number'],
    call: ([value]) => exact([], Math.sign(value) * Math.round(Math.abs(value))),
  }),
  numbers({
    usage: 'int VALUE',
    description: 'a whole number from text like "8080", or from a number without its fraction',
    parameters: ['any'],
    call: ([value]) => wholeNumber(value),
  }),
]

/** Whole numbers stay exact, or it is an error. Zero has no sign. */
function exact(operands: readonly number[], result: number): number {
  if (!Number.isFinite(result)) throw new TemplateError('value', 'the result is larger than any number here')
  if (operands.every(Number.isInteger) && !Number.isSafeInteger(result)) {
    throw new TemplateError('value', 'the result is too large for an exact whole number (at most 2^53 - 1)')
  }
  return result === 0 ? 0 : result
}

function wholeNumber(value: Value): number {
  if (typeof value === 'number') return exact([], Math.trunc(value))
  if (typeof value !== 'string') throw new TemplateError('value', `int makes no number of ${describeKind(value)}`)
  const trimmed = value.trim()
  if (!/^[+-]?[0-9]{1,16}$/.test(trimmed)) {
    throw new TemplateError('value', `int makes no number of the text '${value.slice(0, 40)}'`)
  }
  return exact([0], Number(trimmed))
}
