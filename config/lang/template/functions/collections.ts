import { TemplateError } from '../errors.ts'
import type { Run } from '../evaluate/run.ts'
import { compareText, describeKind, memberOf, sortedKeys, type Value } from '../value.ts'
import { functionsOf } from './signature.ts'

const collections = functionsOf('lists and maps', { isGo: false })

export const collectionFunctions = [
  collections({
    usage: 'list VALUE…',
    description: 'a list of the values',
    parameters: [],
    rest: 'any',
    call: values => values,
  }),
  collections({
    usage: 'dict KEY VALUE…',
    description: 'a map of the keys and values, which alternate',
    parameters: [],
    rest: 'any',
    call: values => mapOf(values),
  }),
  collections({
    usage: 'first LIST',
    description: 'the first item; an error when there is none',
    parameters: ['list'],
    call: ([list]) => itemOf(list, 0),
  }),
  collections({
    usage: 'last LIST',
    description: 'the last item; an error when there is none',
    parameters: ['list'],
    call: ([list]) => itemOf(list, list.length - 1),
  }),
  collections({
    usage: 'append LIST VALUE',
    description: 'the list with one more item; the list itself stays as it is',
    parameters: ['list', 'any'],
    call: ([list, value], run) => paid([...list, value], run),
  }),
  collections({
    usage: 'concat LIST…',
    description: 'the items of all the lists',
    parameters: ['list'],
    rest: 'list',
    call: (lists, run) => {
      run.charge(lists.reduce((sum, list) => sum + list.length, 0) >> 2)
      return lists.flat(1)
    },
  }),
  collections({
    usage: 'reverse LIST',
    description: 'the items from the last to the first',
    parameters: ['list'],
    call: ([list], run) => paid(list.toReversed(), run),
  }),
  collections({
    usage: 'sort LIST',
    description: 'the items in order: all of them numbers, or all strings',
    parameters: ['list'],
    call: ([list], run) => sorted(paid(list, run)),
  }),
  collections({
    usage: 'uniq LIST',
    description: 'each string, number and boolean once, where it first stands',
    parameters: ['list'],
    call: ([list], run) => [...new Set(paid(list, run).map(item => requireScalar('uniq', item)))],
  }),
  collections({
    usage: 'has VALUE LIST',
    description: 'whether the string, number or boolean is in the list',
    parameters: ['any', 'list'],
    call: ([value, list]) => list.includes(requireScalar('has', value)),
  }),
  collections({
    usage: 'keys MAP',
    description: 'the keys, sorted',
    parameters: ['map'],
    call: ([map], run) => paid(sortedKeys(map), run),
  }),
  collections({
    usage: 'values MAP',
    description: 'the values in the order of their keys',
    parameters: ['map'],
    call: ([map], run) => paid(sortedKeys(map), run).map(key => memberOf(map, key)!),
  }),
]

function paid<T>(list: readonly T[], run: Run): readonly T[] {
  run.charge(list.length >> 2)
  return list
}

function mapOf(values: readonly Value[]): ReadonlyMap<string, Value> {
  if (values.length % 2 === 1) throw new TemplateError('value', 'dict has a key without a value at its end')
  const map = new Map<string, Value>()
  for (let at = 0; at < values.length; at += 2) {
    const key = values[at]!
    if (typeof key !== 'string') throw new TemplateError('value', `a key of dict is a string, not ${describeKind(key)}`)
    map.set(key, values[at + 1]!)
  }
  return map
}

function itemOf(list: readonly Value[], at: number): Value {
  const item = list[at]
  if (item !== undefined) return item
  throw new TemplateError('value', 'the list is empty', 'guard it: {{ if LIST }} … {{ end }}')
}

function sorted(list: readonly Value[]): readonly Value[] {
  if (list.every(item => typeof item === 'number')) return list.toSorted((a, b) => a - b)
  if (list.every(item => typeof item === 'string')) return list.toSorted(compareText)
  throw new TemplateError('value', 'sort takes a list of numbers or a list of strings, not a mixture')
}

function requireScalar(name: string, value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  throw new TemplateError('value', `${name} compares strings, numbers and booleans, not ${describeKind(value)}`)
}
