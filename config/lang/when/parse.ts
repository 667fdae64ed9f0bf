import type { WhenProblem } from './errors.ts'
import { MAX_SPACE, MAX_WHEN_PROBLEMS, WHEN_LIMITS, type WhenLimits } from './limits.ts'
import { leafOf } from './parse-leaf.ts'
import { tokenize, type WhenToken } from './tokenize.ts'
import type { WhenExpression } from './tree.ts'

export type ParsedWhen =
  | { readonly ok: true; readonly expression: WhenExpression }
  | { readonly ok: false; readonly errors: readonly WhenProblem[] }

/** What authors write is short, and the same in many places. */
const MAX_KEPT = 1000
const MAX_KEPT_UNITS = 200
const kept = new Map<string, ParsedWhen>()

/** Reads a condition: `&&`, `||`, `!`, parentheses, functions and names. Unknown names and wrong arguments are errors. */
export function parseWhen(text: string, limits: WhenLimits = WHEN_LIMITS): ParsedWhen {
  if (text.length > MAX_KEPT_UNITS || limits !== WHEN_LIMITS) return read(text, limits)
  let parsed = kept.get(text)
  if (parsed === undefined) {
    parsed = read(text, limits)
    if (kept.size >= MAX_KEPT) kept.clear()
    kept.set(text, parsed)
  }
  return parsed
}

function read(text: string, limits: WhenLimits): ParsedWhen {
  const errors: WhenProblem[] = []
  const report = (problem: WhenProblem): void => {
    if (errors.length < MAX_WHEN_PROBLEMS) errors.push(problem)
  }
  const isLong = text.length > limits.units * MAX_SPACE
  const tokens = isLong ? [] : tokenize(text, report)
  if (isLong || unitsOf(tokens ?? []) > limits.units) {
    const message = `the condition is longer than ${limits.units} characters`
    return {
      ok: false,
      errors: [{ offset: 0, length: 0, message, hint: 'move a part of it into a command or a trait' }],
    }
  }
  const expression = tokens && new Parser(tokens, text.length, limits.depth, report).parse()
  if (expression === undefined || errors.length > 0) return { ok: false, errors }
  return { ok: true, expression }
}

function unitsOf(tokens: readonly WhenToken[]): number {
  return tokens.reduce((sum, { start, end }) => sum + end - start, 0)
}

class Parser {
  readonly #tokens: readonly WhenToken[]
  readonly #length: number
  readonly #maxDepth: number
  readonly #report: (problem: WhenProblem) => void
  #at = 0
  #depth = 0

  constructor(tokens: readonly WhenToken[], length: number, maxDepth: number, report: (problem: WhenProblem) => void) {
    this.#tokens = tokens
    this.#length = length
    this.#maxDepth = maxDepth
    this.#report = report
  }

  /** Undefined when something was reported that keeps the rest from being read. */
  parse(): WhenExpression | undefined {
    if (this.#tokens.length === 0) return this.#fail('the condition is empty', 'write one, or remove when:')
    const expression = this.#operands('or')
    if (expression === undefined || this.#next === undefined) return expression
    return this.#unexpected()
  }

  get #next(): WhenToken | undefined {
    return this.#tokens[this.#at]
  }

  #operands(kind: 'or' | 'and'): WhenExpression | undefined {
    const sign = kind === 'or' ? '||' : '&&'
    const operands: WhenExpression[] = []
    do {
      const operand = kind === 'or' ? this.#operands('and') : this.#unary()
      if (operand === undefined) return undefined
      // (a && b) && c asks the same in the same order as a && b && c.
      if (operand.kind === kind) operands.push(...operand.operands)
      else operands.push(operand)
    } while (this.#take(sign))
    const [only] = operands
    return operands.length === 1 ? only : { kind, operands }
  }

  #unary(): WhenExpression | undefined {
    const token = this.#next
    if (token?.kind !== 'sign' || (token.text !== '!' && token.text !== '(')) return this.#leaf()
    this.#at++
    if (++this.#depth > this.#maxDepth) {
      this.#at--
      return this.#fail(`the condition is nested deeper than ${this.#maxDepth}`, 'remove parentheses or !')
    }
    const inner = token.text === '!' ? this.#unary() : this.#operands('or')
    this.#depth--
    if (inner === undefined) return undefined
    if (token.text === '!') return { kind: 'not', operand: inner }
    if (this.#take(')')) return inner
    if (this.#next !== undefined) return this.#unexpected()
    this.#report({ offset: token.start, length: 1, message: "this '(' has no ')'", hint: '' })
    return undefined
  }

  #leaf(): WhenExpression | undefined {
    const name = this.#next
    if (name === undefined) return this.#fail('the condition ends too early', 'something must follow')
    if (name.kind !== 'name') return this.#unexpected()
    this.#at++
    if (!this.#take('(')) return leafOf(name, undefined, this.#report)
    const values = this.#arguments()
    return values && leafOf({ ...name, end: this.#tokens[this.#at - 1]!.end }, values, this.#report)
  }

  /** Up to and with the `)`. */
  #arguments(): WhenToken[] | undefined {
    const values: WhenToken[] = []
    if (this.#take(')')) return values
    do {
      const token = this.#next
      if (token === undefined || token.kind === 'sign') return this.#unexpected()
      this.#at++
      values.push(token)
    } while (this.#take(','))
    return this.#take(')') ? values : this.#unexpected("arguments are separated by ','")
  }

  #take(sign: string): boolean {
    const token = this.#next
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.#at++
    return true
  }

  #unexpected(hint = ''): undefined {
    const token = this.#next
    if (token === undefined) return this.#fail('the condition ends too early', "a ')' is missing")
    const words: Readonly<Record<string, string>> = {
      and: 'write && for and',
      or: 'write || for or',
      not: 'write ! for not',
    }
    return this.#fail(`'${token.text.slice(0, 40)}' cannot stand here`, words[token.text] ?? hint)
  }

  #fail(message: string, hint: string): undefined {
    const token = this.#next
    const place = token ? { offset: token.start, length: token.end - token.start } : { offset: this.#length, length: 0 }
    this.#report({ ...place, message, hint })
    return undefined
  }
}
