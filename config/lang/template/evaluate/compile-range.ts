import { TemplateError } from '../errors.ts'
import { sortedEntries } from '../format/walk.ts'
import type { Pipeline, Statement } from '../syntax/tree.ts'
import { describeKind, isList, isMap, type Value } from '../value.ts'
import { BREAK, type Compiler, type Execute, type Frame, NORMAL } from './frame.ts'

/** Over lists, maps in the order of their keys, whole numbers (0 to n - 1), and null, which is empty. */
export function compileRange(statement: Extract<Statement, { kind: 'range' }>, compiler: Compiler): Execute {
  const { over } = statement
  const evaluate = compiler.pipeline(over)
  const body = compiler.block(statement.body)
  const otherwise = compiler.block(statement.otherwise)
  const [indexSlot, elementSlot] = slotsOf(over)
  return frame => {
    const value = evaluate(frame)
    const before = frame.dot
    let count = 0
    for (const [index, element] of itemsOf(value, over, frame)) {
      count++
      frame.run.charge(1)
      if (indexSlot !== undefined) frame.slots[indexSlot] = index
      if (elementSlot !== undefined) frame.slots[elementSlot] = element
      frame.dot = element
      const ending = body(frame)
      if (ending === BREAK) break
    }
    frame.dot = before
    if (count > 0) return NORMAL
    const ending = otherwise(frame)
    // As in Go, a break there ends this range only.
    return ending === BREAK ? NORMAL : ending
  }
}

/** With one variable it gets the element. */
function slotsOf({ targets }: Pipeline): [index: number | undefined, element: number | undefined] {
  const [first, second] = targets.map(({ slot }) => slot)
  return second === undefined ? [undefined, first] : [first, second]
}

function itemsOf(value: Value, over: Pipeline, { run }: Frame): Iterable<[index: Value, element: Value]> {
  run.at = over
  if (isList(value)) return value.entries() as Iterable<[number, Value]>
  if (value === null) return []
  if (isMap(value)) return sortedEntries(value, run)
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    const hint = typeof value === 'string' ? 'split makes a list of a string: split "," TEXT' : ''
    throw new TemplateError(
      'value',
      `range goes over a list, a map or a whole number, not ${describeKind(value)}`,
      hint,
    )
  }
  if (over.targets.length > 1) {
    throw new TemplateError('value', 'range over a whole number sets one variable', 'write {{ range $i := 3 }}')
  }
  if (value > run.limits.rangeCount) {
    throw new TemplateError('limit', `range counts to ${value}; the most is ${run.limits.rangeCount}`)
  }
  return counted(value)
}

function* counted(end: number): Iterable<[number, number]> {
  for (let at = 0; at < end; at++) yield [at, at]
}
