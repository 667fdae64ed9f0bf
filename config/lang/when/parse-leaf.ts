import { closestName } from '../template/index.ts'
import { type Builtin, builtins, identifiers, type Parameter, TRAIT_PATH, usageOf } from './builtins.ts'
import type { WhenProblem } from './errors.ts'
import type { WhenToken } from './tokenize.ts'
import type { BuiltinName, IdentifierName, WhenExpression } from './tree.ts'

type Report = (problem: WhenProblem) => void
type NameToken = Extract<WhenToken, { kind: 'name' }>

/** Stands for what was reported, so that the rest is read too. */
const UNKNOWN: WhenExpression = { kind: 'constant', value: false }

/** What a name with its arguments, or without parentheses, asks. */
export function leafOf(name: NameToken, values: readonly WhenToken[] | undefined, report: Report): WhenExpression {
  const { text, start, end } = name
  const complain = (message: string, hint: string): WhenExpression => {
    report({ offset: start, length: end - start, message, hint })
    return UNKNOWN
  }
  if (values !== undefined) {
    if (isBuiltin(text)) return call(text, values, name, report)
    if (isIdentifier(text)) return complain(`'${text}' is no function`, `write ${text} without parentheses`)
    return complain(`there is no function '${text}'`, suggestion(text, Object.keys(builtins)))
  }
  if (text === 'true' || text === 'false') return { kind: 'constant', value: text === 'true' }
  if (isIdentifier(text)) return { kind: 'identifier', name: text, start, end }
  if (isBuiltin(text)) return complain(`'${text}' is a function`, `write ${usageOf(text)}`)
  if (text.startsWith('.')) {
    const path = text.replace(/^\.(?:Traits\.)?/, '')
    return complain(`'${text}' is written as in a template`, `write the trait's path alone: ${path}`)
  }
  if (text.includes('.') && TRAIT_PATH.test(text)) return { kind: 'trait', path: text.split('.'), start, end }
  const known = [...Object.keys(identifiers), ...Object.keys(builtins)]
  return complain(`'${text}' is not known`, suggestion(text, known))
}

function call(
  name: BuiltinName,
  values: readonly WhenToken[],
  { start, end }: NameToken,
  report: Report,
): WhenExpression {
  const builtin = builtins[name]
  const { parameters } = builtin
  if (values.length !== parameters.length) {
    const takes = `${parameters.length} ${parameters.length === 1 ? 'argument' : 'arguments'}`
    const message = `'${name}' takes ${takes}, not ${values.length}`
    report({ offset: start, length: end - start, message, hint: `write ${usageOf(name)}` })
    return UNKNOWN
  }
  const read = values.map((value, at) => argument(name, parameters[at]!, value, report))
  if (read.includes(undefined)) return UNKNOWN
  const given = read.filter(value => value !== undefined)
  const wrong = builtin.check?.(given)
  if (wrong !== undefined)
    report({ offset: start, length: end - start, message: `this ${name} ${wrong}`, hint: describe(builtin) })
  return { kind: 'call', name, arguments: given, start, end }
}

function argument(name: string, parameter: Parameter, token: WhenToken, report: Report): string | number | undefined {
  const complain = (message: string, hint: string): undefined => {
    report({ offset: token.start, length: token.end - token.start, message, hint })
    return undefined
  }
  if (token.kind === 'name') {
    return complain(`${parameter.name} of '${name}' needs quotes`, `write ${name}('${token.text}')`)
  }
  if (token.kind === 'sign') return complain(`'${token.text}' is no argument`, '')
  if (parameter.kind === 'text' && token.kind === 'integer') {
    return complain(`${parameter.name} of '${name}' is text, not a number`, `write '${token.text}'`)
  }
  if (parameter.kind === 'integer' && token.kind === 'text') {
    return complain(`${parameter.name} of '${name}' is a whole number, not text`, 'write it without quotes')
  }
  if (token.value === '') return complain(`${parameter.name} of '${name}' is empty`, '')
  const wrong = parameter.check?.(token.value)
  return wrong === undefined ? token.value : complain(`${parameter.name} of '${name}' ${wrong}`, '')
}

function suggestion(name: string, known: readonly string[]): string {
  const near = closestName(name, known)
  if (near !== undefined) return `did you mean '${isBuiltin(near) ? usageOf(near) : near}'?`
  return `a trait is written with its path: docker.installed; functions and names are ${known.join(', ')}`
}

function describe({ description }: Builtin): string {
  return description
}

function isBuiltin(name: string): name is BuiltinName {
  return Object.hasOwn(builtins, name)
}

function isIdentifier(name: string): name is IdentifierName {
  return Object.hasOwn(identifiers, name)
}
