import { TemplateError } from '../errors.ts'
import { MAX_NESTING } from '../limits.ts'
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
  /** What has the value: `if`, `this action`; for messages. */
  readonly what: string
  /** Told how deep parentheses go. */
  readonly onDepth: (depth: number) => void
}

/** `$x := value`, `$x = value` or a value alone, up to the end or to a `)`. @throws TemplateError */
export function parsePipeline(context: PipelineContext, depth = 0): Pipeline {
  const { cursor, scope, problems, what } = context
  const { start } = cursor.place
  const targets = parseTargets(cursor, what)
  const value = parseCommands(
    { cursor, scope, problems, parenthesized: open => parseInner(context, depth + 1, open) },
    what,
  )
  if (depth === 0 && cursor.solid !== undefined) {
    throw new TemplateError('syntax', "a ')' has no '('", '', placeOf(cursor.solid))
  }
  // Their names are visible from here on, not in their own value.
  return { ...targets, targets: resolveTargets(targets, scope, problems), value, start, end: value.end }
}

function parseInner(context: PipelineContext, depth: number, open: Token): Pipeline {
  if (depth > MAX_NESTING) {
    throw new TemplateError('limit', `parentheses are nested deeper than ${MAX_NESTING}`, '', placeOf(open))
  }
  context.onDepth(depth)
  return parsePipeline({ ...context, what: 'a parenthesis' }, depth)
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
    if (what !== 'range' || second?.kind !== 'variable') {
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
