import { itemAt } from '../functions/access.ts'
import { conform } from '../functions/conform.ts'
import { type ParameterKind, parameterAt } from '../functions/signature.ts'
import type { Expression } from '../syntax/tree.ts'
import { isTrue, type Value } from '../value.ts'
import type { Compiler, Evaluate, EvaluateOptional, Frame } from './frame.ts'
import type { Run } from './run.ts'

export type Call = Extract<Expression, { kind: 'call' }>

interface Argument {
  readonly evaluate: EvaluateOptional
  readonly kind: ParameterKind
  readonly expression: Expression
}

export function compileCall(call: Call, compiler: Compiler): Evaluate {
  const called = call.function
  const given = call.arguments.map((expression, at) => argument(expression, parameterAt(called, at), compiler))
  const piped = call.piped && argument(call.piped, parameterAt(called, given.length), compiler)
  if (called.stopsAt !== undefined) return compileShortCircuit(given, piped, called.stopsAt)
  const { name } = called
  return frame => {
    const last = piped && evaluated(piped, name, frame)
    const values: (Value | undefined)[] = []
    for (const each of given) values.push(evaluated(each, name, frame))
    if (piped !== undefined) values.push(last)
    const { run } = frame
    run.at = call
    run.charge(1 + costOf(values))
    const result = called.call(values, run)
    if (typeof result === 'string' && result.length > 64) paid(result, run)
    return result
  }
}

/** `index` where a key need not exist. */
export function compileOptionalIndex(call: Call, compiler: Compiler): EvaluateOptional {
  const [base, ...keys] = call.piped === undefined ? call.arguments : [...call.arguments, call.piped]
  if (base === undefined || keys.length === 0) return compileCall(call, compiler)
  const item = compiler.optional(base)
  const indexes = keys.map(key => compiler.expression(key))
  return frame => {
    let value = item(frame)
    for (const index of indexes) {
      const key = index(frame)
      if (value === undefined || value === null) return undefined
      frame.run.at = call
      frame.run.charge(1)
      value = itemAt(value, key)
    }
    return value
  }
}

function compileShortCircuit(given: readonly Argument[], piped: Argument | undefined, stopsAt: boolean): Evaluate {
  return frame => {
    const last = piped?.evaluate(frame)
    let value: Value | undefined
    for (const each of given) {
      frame.run.charge(1)
      value = each.evaluate(frame)
      if (isTrue(value!) === stopsAt) return value!
    }
    return piped === undefined ? value! : last!
  }
}

function argument(expression: Expression, kind: ParameterKind, compiler: Compiler): Argument {
  const evaluate = kind === 'optional' ? compiler.optional(expression) : compiler.expression(expression)
  return { evaluate, kind, expression }
}

function evaluated({ evaluate, kind, expression }: Argument, name: string, frame: Frame): Value | undefined {
  return conform(evaluate(frame), kind, name, expression)
}

/** Functions read their arguments: texts are a step per 64 units, lists one per 16 items. */
function costOf(values: readonly (Value | undefined)[]): number {
  let cost = values.length >> 2
  for (const value of values) {
    if (typeof value === 'string') cost += value.length >> 6
    else if (Array.isArray(value)) cost += value.length >> 4
  }
  return cost
}

function paid(result: string, run: Run): void {
  run.charge(result.length >> 6)
  run.checked(result)
}
