import { TemplateError } from '../errors.ts'
import { MAX_NESTING, MAX_PIPES } from '../limits.ts'
import { suggest } from '../suggestion.ts'
import type { Cursor } from './cursor.ts'
import { parseCommands, placeOf } from './parse-expression.ts'
import type { Problems } from './problems.ts'
import type { Scope } from './scope.ts'
import { isSign, type Token } from './token.ts'
import type { Pipeline, VariableTarget } from './tree.ts'

export interface PipelineContext {
  readonly cursor: Cursor
  readonly scope: Scope
  readonly problems: Problems
  /** What has the value: `{{ if }}`, `this action`; for messages. */
  readonly what: string
}

interface Parsed {
  readonly pipeline: Pipeline
  /** How deep its evaluation goes at most. */
  readonly nesting: number
}

/** `$x := value`, `$x = value` or a value alone, which is a whole action. @throws TemplateError */
export function parsePipeline(context: PipelineContext): Parsed {
  const { cursor } = context
  const nesting = { parentheses: 0, pipes: 0 }
  const pipeline = parseLevel(context, 0, nesting)
  if (cursor.solid === undefined) return { pipeline, nesting: nesting.parentheses + nesting.pipes }
  throw new TemplateError('syntax', "a ')' has no '('", '', placeOf(cursor.solid))
}

/** Up to the end or to a `)`. */
function parseLevel(
  context: PipelineContext,
  depth: number,
  nesting: { parentheses: number; pipes: number },
): Pipeline {
  const { cursor, scope, problems, what } = context
  const { start } = cursor.place
  const targets = parseTargets(cursor, what)
  nesting.parentheses = Math.max(nesting.parentheses, depth)
  const onPipe = (sign: Token): void => {
    if (++nesting.pipes > MAX_PIPES) throw tooMany(`an action has more than ${MAX_PIPES} pipes`, sign)
  }
  const parenthesized = (open: Token): Pipeline => {
    if (depth < MAX_NESTING) return parseLevel({ ...context, what: 'a parenthesis' }, depth + 1, nesting)
    throw tooMany(`parentheses are nested deeper than ${MAX_NESTING}`, open)
  }
  const value = parseCommands({ cursor, scope, problems, onPipe, parenthesized }, what)
  // Their names are visible from here on, not in their own value.
  return { sets: targets.sets, targets: resolveTargets(targets, scope, problems), value, start, end: value.end }
}

function tooMany(message: string, place: Token): TemplateError {
  return new TemplateError('limit', message, '', placeOf(place))
}

interface Targets {
  readonly tokens: readonly Token[]
  readonly sets: Pipeline['sets']
}

function parseTargets(cursor: Cursor, what: string): Targets {
  const first = cursor.solid
  const sign = cursor.afterSolid
  if (first?.kind !== 'variable' || (!isSign(sign, ':=') && !isSign(sign, '=') && !isSign(sign, ','))) {
    return { tokens: [], sets: 'none' }
  }
  const tokens = [cursor.takeSolid()!]
  if (cursor.takeSign(',')) {
    const second = cursor.takeSolid()
    if (what !== '{{ range }}' || second?.kind !== 'variable') {
      const hint = 'only range sets two: {{ range $key, $value := .Vars.map }}'
      throw new TemplateError('syntax', `${what} cannot set these variables`, hint, placeOf(first))
    }
    tokens.push(second)
  }
  if (cursor.takeSign(':=')) return { tokens, sets: 'declared' }
  if (cursor.takeSign('=')) return { tokens, sets: 'existing' }
  throw new TemplateError('syntax', "a ':=' is missing after the variables", '', placeOf(cursor.place))
}

function resolveTargets({ tokens, sets }: Targets, scope: Scope, problems: Problems): VariableTarget[] {
  return tokens.map(token => {
    const { text: name, start, end } = token
    if (sets === 'declared') return { name, slot: scope.declare(name), start, end }
    const slot = scope.find(name)
    if (slot === undefined) {
      const hint = suggest(name, scope.names, () => `a new variable is declared with ${name} :=`)
      problems.syntax(token, `the variable '${name}' is not declared here`, hint)
    }
    return { name, slot: slot ?? 0, start, end }
  })
}
