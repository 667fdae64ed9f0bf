import { TemplateError } from '../errors.ts'
import { compareText, describeKind, kindOf, type Value } from '../value.ts'
import { functionsOf } from './signature.ts'

const comparison = functionsOf('comparison', { isGo: true })

export const comparisonFunctions = [
  comparison({
    usage: 'eq VALUE OTHER…',
    description: 'whether the value equals one of the others; both must be of one kind, or null',
    parameters: ['any', 'any'],
    rest: 'any',
    call: ([value, ...others]) => others.some(other => areEqual(value, other)),
  }),
  comparison({
    usage: 'ne VALUE OTHER',
    description: 'whether the two differ',
    parameters: ['any', 'any'],
    call: ([value, other]) => !areEqual(value, other),
  }),
  comparison({
    usage: 'lt VALUE OTHER',
    description: 'whether the first number or string comes before the second',
    parameters: ['any', 'any'],
    call: ([value, other]) => isLess(value, other),
  }),
  comparison({
    usage: 'le VALUE OTHER',
    description: 'whether it comes before the second or equals it',
    parameters: ['any', 'any'],
    call: ([value, other]) => isLess(value, other) || areEqual(value, other),
  }),
  comparison({
    usage: 'gt VALUE OTHER',
    description: 'whether it comes after the second',
    parameters: ['any', 'any'],
    call: ([value, other]) => !isLess(value, other) && !areEqual(value, other),
  }),
  comparison({
    usage: 'ge VALUE OTHER',
    description: 'whether it comes after the second or equals it',
    parameters: ['any', 'any'],
    call: ([value, other]) => !isLess(value, other),
  }),
]

function areEqual(a: Value, b: Value): boolean {
  if (a === null || b === null) return a === b
  requireOneKind(a, b)
  if (typeof a !== 'object') return a === b
  throw new TemplateError('value', `${describeKind(a)} cannot be compared`, 'compare its items, or its length: len')
}

function isLess(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b) < 0
  if (typeof a === 'number' && typeof b === 'number') return a < b
  const unordered = [a, b].find(value => typeof value !== 'string' && typeof value !== 'number')
  if (unordered !== undefined) throw new TemplateError('value', `${describeKind(unordered)} has no order`)
  requireOneKind(a, b)
  return false
}

function requireOneKind(a: Value, b: Value): void {
  if (kindOf(a) === kindOf(b)) return
  const message = `${describeKind(a)} and ${describeKind(b)} cannot be compared`
  throw new TemplateError('value', message, 'a value in quotes is a string; int and toString convert')
}
