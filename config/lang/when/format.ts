import type { WhenExpression } from './tree.ts'

/** How strongly an operator binds. */
const STRENGTH = { or: 1, and: 2, not: 3, leaf: 4 } as const

/** The canonical source of a condition: it reads back as the same tree. */
export function formatWhen(expression: WhenExpression): string {
  switch (expression.kind) {
    case 'constant':
      return String(expression.value)
    case 'identifier':
      return expression.name
    case 'trait':
      return expression.path.join('.')
    case 'call':
      return `${expression.name}(${expression.arguments.map(formatArgument).join(', ')})`
    case 'not':
      return `!${within(expression.operand, STRENGTH.not)}`
    case 'and':
    case 'or':
      return expression.operands
        .map(operand => within(operand, STRENGTH[expression.kind]))
        .join(expression.kind === 'and' ? ' && ' : ' || ')
  }
}

function within(expression: WhenExpression, strength: number): string {
  const text = formatWhen(expression)
  return strengthOf(expression) < strength ? `(${text})` : text
}

function strengthOf({ kind }: WhenExpression): number {
  return kind === 'or' || kind === 'and' || kind === 'not' ? STRENGTH[kind] : STRENGTH.leaf
}

function formatArgument(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const single = quotedWith("'", value)
  const double = quotedWith('"', value)
  return double.length < single.length ? double : single
}

/** A backslash stands for itself unless a quote or another one follows; the last one is followed by the closing quote. */
function quotedWith(quote: string, value: string): string {
  const inner = value.replace(/\\(?=[\\'"]|$)|['"]/g, character =>
    character === '\\' || character === quote ? `\\${character}` : character,
  )
  return quote + inner + quote
}
