import type { Value } from '../template/index.ts'
import { askTraits, traitsIn } from './traits.ts'
import { joined, negated, type WhenExpression, type WhenLeaf } from './tree.ts'

/** What the server knows of a machine. */
export interface WhenFacts {
  readonly traits: Value
}

/** What is left is for the agent to decide. */
export type WhenVerdict = boolean | { readonly residual: WhenExpression }

/**
 * The condition as far as traits decide it. What asks the machine itself, and what asks for traits that the server does not
 * have, stays as a residual without the parts that are settled.
 */
export function evaluateWhen(expression: WhenExpression, { traits }: WhenFacts): WhenVerdict {
  const lookup = traitsIn(traits)
  return verdictOf(
    reduced(expression, leaf => {
      const answer = askTraits(leaf, lookup)
      return typeof answer === 'boolean' ? answer : undefined
    }),
  )
}

/** Whether the condition is false wherever nothing has changed, so that a resource cannot act on every run. */
export function needsChange(expression: WhenExpression): boolean {
  const settled = reduced(expression, leaf =>
    leaf.kind === 'identifier' && leaf.name === 'changed' ? false : undefined,
  )
  return settled.kind === 'constant' && !settled.value
}

function verdictOf(expression: WhenExpression): WhenVerdict {
  return expression.kind === 'constant' ? expression.value : { residual: expression }
}

/** The condition with the answers that are known; undefined leaves a question as it is. */
function reduced(expression: WhenExpression, answer: (leaf: WhenLeaf) => boolean | undefined): WhenExpression {
  switch (expression.kind) {
    case 'constant':
      return expression
    case 'not':
      return negated(reduced(expression.operand, answer))
    case 'and':
    case 'or': {
      const operands = expression.operands.map(operand => reduced(operand, answer))
      return joined(expression.kind, operands)
    }
    case 'call':
    case 'identifier':
    case 'trait': {
      const value = answer(expression)
      return value === undefined ? expression : { kind: 'constant', value }
    }
  }
}
