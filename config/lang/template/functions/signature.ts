import type { Run } from '../evaluate/run.ts'
import type { Value, ValueMap } from '../value.ts'

/** What a parameter takes, and what the function then gets. */
interface Accepted {
  any: Value
  /** Also a key that does not exist, which is undefined. */
  optional: Value | undefined
  /** A string; numbers and booleans as they print. */
  text: string
  /** A string only. */
  string: string
  integer: number
  number: number
  list: readonly Value[]
  map: ValueMap
}

export type ParameterKind = keyof Accepted

export type FunctionGroup =
  | 'logic'
  | 'comparison'
  | 'printing'
  | 'access'
  | 'defaults'
  | 'text'
  | 'encoding'
  | 'numbers'
  | 'lists and maps'

export interface TemplateFunction {
  readonly name: string
  readonly group: FunctionGroup
  /** Whether Go's text/template has it too. */
  readonly isGo: boolean
  /** Arguments as the documents show them: `trimPrefix PREFIX TEXT`. */
  readonly usage: string
  readonly description: string
  readonly parameters: readonly ParameterKind[]
  /** Kind of further arguments. */
  readonly rest: ParameterKind | undefined
  readonly mostArguments: number
  /** `and` stops at the first false value, `or` at the first true one; arguments after it are not evaluated. */
  readonly stopsAt: boolean | undefined
  readonly call: (values: readonly (Value | undefined)[], run: Run) => Value
}

type Arguments<P extends readonly ParameterKind[], R extends ParameterKind> = [
  ...{ [I in keyof P]: Accepted[P[I]] },
  ...Accepted[R][],
]

interface Spec<P extends readonly ParameterKind[], R extends ParameterKind> {
  readonly usage: string
  readonly description: string
  readonly parameters: P
  readonly rest?: R
  /** Most arguments of `rest`; any number when absent. */
  readonly mostRest?: number
  readonly stopsAt?: boolean
  readonly call: (values: Arguments<P, R>, run: Run) => Value
}

/** Makes functions of one group; the name is the first word of the usage. */
export function functionsOf(group: FunctionGroup, options: { isGo: boolean }) {
  return <const P extends readonly ParameterKind[], R extends ParameterKind = never>(
    spec: Spec<P, R>,
  ): TemplateFunction => ({
    name: spec.usage.split(' ', 1)[0]!,
    group,
    isGo: options.isGo,
    usage: spec.usage,
    description: spec.description,
    parameters: spec.parameters,
    rest: spec.rest,
    mostArguments: spec.parameters.length + (spec.rest === undefined ? 0 : (spec.mostRest ?? Number.POSITIVE_INFINITY)),
    stopsAt: spec.stopsAt,
    // Its caller has conformed every value to the kind of its parameter.
    call: spec.call as TemplateFunction['call'],
  })
}

/** Kind of the argument at an index. */
export function parameterAt({ parameters, rest }: TemplateFunction, index: number): ParameterKind {
  return parameters[index] ?? rest ?? 'any'
}

/** What is wrong with a number of arguments, or undefined. */
export function wrongCount(called: TemplateFunction, count: number): string | undefined {
  const least = called.parameters.length
  const most = called.mostArguments
  if (count >= least && count <= most) return undefined
  const takes =
    least === most ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`
  return `'${called.name}' takes ${takes} ${takes === '1' || takes === 'at least 1' ? 'argument' : 'arguments'}, not ${count}`
}
