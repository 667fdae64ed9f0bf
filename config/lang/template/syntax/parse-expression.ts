import { type Place, TemplateError } from '../errors.ts'
import { type TemplateFunction, templateFunctions } from '../functions/index.ts'
import { wrongCount } from '../functions/signature.ts'
import { MAX_CHAIN } from '../limits.ts'
import { closestName, suggest } from '../suggestion.ts'
import type { Cursor } from './cursor.ts'
import { characterValue, numberValue, stringValue } from './literal.ts'
import type { Problems } from './problems.ts'
import type { Scope } from './scope.ts'
import { isSign, type Token } from './token.ts'
import type { ChainName, Expression, Pipeline } from './tree.ts'

/** Words that are neither functions nor values. */
export const KEYWORDS: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
])

/** `function` is set for a name that takes arguments. */
interface Operand {
  readonly expression: Expression
  readonly function?: TemplateFunction | undefined
  readonly isNil?: boolean
}

export interface ExpressionContext {
  readonly cursor: Cursor
  readonly scope: Scope
  readonly problems: Problems
  /** Told of each `|`. */
  readonly onPipe: (sign: Token) => void
  /** Parses a pipeline up to its `)`, one level deeper. */
  readonly parenthesized: (open: Token) => Pipeline
}

/** `command | command …` up to the end or to a `)`. @throws TemplateError */
export function parseCommands(context: ExpressionContext, what: string): Expression {
  const { cursor } = context
  if (cursor.solid === undefined || isSign(cursor.solid, ')')) {
    throw new TemplateError('syntax', `${what} has no value`, '', { ...placeOf(cursor.place) })
  }
  let value = parseCommand(context, undefined)
  while (isSign(cursor.solid, '|')) {
    context.onPipe(cursor.takeSolid()!)
    value = parseCommand(context, value)
  }
  return value
}

function parseCommand(context: ExpressionContext, piped: Expression | undefined): Expression {
  const { cursor } = context
  const first = parseOperand(context)
  const values: Expression[] = []
  while (cursor.next?.kind === 'space') {
    const token = cursor.solid
    if (token === undefined || isSign(token, '|') || isSign(token, ')')) break
    const operand = parseOperand(context)
    requireCallable(operand, 0, context)
    values.push(operand.expression)
  }
  const follower = cursor.solid
  if (follower !== undefined && !isSign(follower, '|') && !isSign(follower, ')')) throw unexpected(follower)
  return commandOf(context, first, values, piped)
}

function commandOf(
  context: ExpressionContext,
  first: Operand,
  values: readonly Expression[],
  piped: Expression | undefined,
): Expression {
  const { expression } = first
  if (expression.kind === 'call' && first.function !== undefined) {
    requireCallable(first, values.length + (piped === undefined ? 0 : 1), context)
    const end = values.at(-1)?.end ?? expression.end
    return { ...expression, arguments: values, piped, end }
  }
  const place = placeOf(expression)
  if (first.isNil)
    throw new TemplateError('syntax', 'nil alone is no value', 'it can be compared: {{ if eq .Vars.x nil }}', place)
  if (piped !== undefined) {
    throw new TemplateError(
      'syntax',
      'what follows a | must be a function',
      'its last argument is what comes before the |',
      place,
    )
  }
  const [extra] = values
  if (extra === undefined) return expression
  throw new TemplateError(
    'syntax',
    'a value takes no arguments',
    'put a function before it, or a | behind it',
    placeOf(extra),
  )
}

/** A term and the fields that follow it directly. */
function parseOperand(context: ExpressionContext): Operand {
  const { cursor } = context
  const token = cursor.takeSolid()
  if (token === undefined)
    throw new TemplateError('syntax', 'something is missing after the |', '', placeOf(cursor.end))
  const term = parseTerm(context, token)
  const names: ChainName[] = token.kind === 'field' ? [chainName(token)] : []
  while (cursor.next?.kind === 'field') names.push(chainName(cursor.take()!))
  const last = names.at(-1)
  if (last === undefined) return term
  const { expression } = term
  if (names.length > MAX_CHAIN)
    throw new TemplateError('limit', `a chain has more than ${MAX_CHAIN} names`, '', placeOf(last))
  if (token.kind !== 'field' && (expression.kind === 'literal' || expression.kind === 'dot')) {
    throw new TemplateError('syntax', `'${token.text}' has no fields`, '', placeOf(last))
  }
  requireCallable(term, 0, context)
  return { expression: { kind: 'chain', base: expression, names, start: token.start, end: last.end } }
}

function parseTerm(context: ExpressionContext, token: Token): Operand {
  const place = placeOf(token)
  const literal = (value: string | number | boolean | null): Operand => ({
    expression: { kind: 'literal', value, ...place },
  })
  switch (token.kind) {
    case 'dot':
    case 'field':
      return { expression: { kind: 'dot', ...place } }
    case 'variable':
      return { expression: variable(context, token) }
    case 'number':
      return literal(numberValue(token))
    case 'character':
      return literal(characterValue(token))
    case 'string':
    case 'raw-string':
      return literal(stringValue(token))
    case 'word':
      if (token.text === 'true' || token.text === 'false') return literal(token.text === 'true')
      return token.text === 'nil' ? { ...literal(null), isNil: true } : named(context, token)
    case 'sign':
    case 'space':
      if (token.text !== '(') throw unexpected(token)
      return parenthesis(context, token)
  }
}

function parenthesis({ cursor, parenthesized }: ExpressionContext, open: Token): Operand {
  const pipeline = parenthesized(open)
  const close = cursor.takeSolid()
  if (!isSign(close, ')')) throw new TemplateError('syntax', "this '(' has no ')'", '', placeOf(open))
  return { expression: { kind: 'parenthesis', pipeline, start: open.start, end: close!.end } }
}

function variable({ scope, problems }: ExpressionContext, token: Token): Expression {
  const slot = scope.find(token.text)
  if (slot === undefined) {
    const hint = suggest(token.text, scope.names, () => `declare it first: {{ ${token.text} := … }}`)
    problems.syntax(token, `the variable '${token.text}' is not declared here`, hint)
  }
  return { kind: 'variable', name: token.text, slot: slot ?? 0, ...placeOf(token) }
}

function named({ problems }: ExpressionContext, token: Token): Operand {
  const name = token.text
  const found = templateFunctions.get(name)
  const place = placeOf(token)
  if (found === undefined) reportUnknown(name, place, problems)
  const called = found ?? UNKNOWN
  return {
    expression: { kind: 'call', name, function: called, arguments: [], piped: undefined, ...place },
    function: called,
  }
}

function reportUnknown(name: string, place: Place, problems: Problems): void {
  if (KEYWORDS.has(name)) {
    throw new TemplateError('syntax', `'${name}' must be the first word of an action`, '', place)
  }
  const near = closestName(name, templateFunctions.keys())
  const hint = near === undefined ? `a variable is written .Vars.${name}, text "${name}"` : `did you mean '${near}'?`
  problems.syntax(place, `there is no function '${name}'`, hint)
}

/** Stands for a function that does not exist, so that the rest of its action is read too. */
const UNKNOWN: TemplateFunction = {
  name: '',
  group: 'logic',
  isGo: false,
  usage: '',
  description: '',
  parameters: [],
  rest: 'any',
  mostArguments: Number.POSITIVE_INFINITY,
  stopsAt: undefined,
  call: () => null,
}

/** Reports a wrong number of arguments, and goes on. */
function requireCallable(
  { expression, function: called }: Operand,
  count: number,
  { problems }: ExpressionContext,
): void {
  if (called === undefined) return
  const wrong = wrongCount(called, count)
  if (wrong !== undefined) problems.syntax(expression, wrong, `write ${called.usage}`)
}

function chainName({ text, start, end }: Token): ChainName {
  return { name: text.slice(1), start, end }
}

function unexpected(token: Token): TemplateError {
  return new TemplateError('syntax', `'${token.text}' cannot stand here`, hintFor(token.text), placeOf(token))
}

function hintFor(text: string): string {
  if (text === '/') return 'a comment starts right behind the braces: {{/* comment */}}'
  if (text === '=' || text === ':=') return 'a variable is declared with {{ $name := value }}; to compare: eq A B'
  if ('+-*%<>&!'.includes(text)) return 'templates have functions, not operators: add A B, lt A B, and A B, not A'
  return 'arguments are separated by spaces'
}

export function placeOf({ start, end }: Place): Place {
  return { start, end }
}
