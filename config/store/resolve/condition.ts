import { evaluateWhen, type Located, parseWhen, type Value, type WhenExpression } from '#config/lang'

/** What is left of a condition for the agent to decide; `true` when nothing is, `false` when it can never hold. */
export type Condition = boolean | WhenExpression

/** Decides a `when:` as far as it can be decided. */
export type Decide = (when: Located<string>) => Condition

/** With what the server knows of a host. A condition that cannot be read was reported when the tree was loaded. */
export function decideBy(traits: Value): Decide {
  return when => conditionOf(when.value, traits)
}

/** For nobody in particular: whatever may be true somewhere. */
export const undecided: Decide = when => {
  const parsed = parsedWhen(when.value)
  return parsed === undefined || (parsed.kind === 'constant' ? parsed.value : parsed)
}

/** `report` is told why a condition cannot be read, which then counts as true. */
export function conditionOf(text: string, traits: Value, report?: (problem: WhenFault) => void): Condition {
  const parsed = parsedWhen(text, report)
  if (parsed === undefined) return true
  const verdict = evaluateWhen(parsed, { traits })
  return typeof verdict === 'boolean' ? verdict : verdict.residual
}

export interface WhenFault {
  readonly message: string
  readonly hint: string
}

const MAX_KEPT = 10_000
const kept = new Map<string, WhenExpression>()

/** Conditions are few, and the same for many hosts. */
function parsedWhen(text: string, report?: (problem: WhenFault) => void): WhenExpression | undefined {
  const known = kept.get(text)
  if (known !== undefined) return known
  const parsed = parseWhen(text)
  if (!parsed.ok) {
    for (const { message, hint } of parsed.errors.slice(0, 1)) report?.({ message, hint })
    return undefined
  }
  if (kept.size >= MAX_KEPT) kept.clear()
  kept.set(text, parsed.expression)
  return parsed.expression
}

export function both(a: Condition, b: Condition): Condition {
  return joined('and', a, b)
}

export function either(a: Condition, b: Condition): Condition {
  return joined('or', a, b)
}

function joined(kind: 'and' | 'or', a: Condition, b: Condition): Condition {
  const settles = kind === 'or'
  if (a === settles || b === settles) return settles
  if (typeof a === 'boolean') return b
  if (typeof b === 'boolean' || a === b) return a
  const first = operandsOf(kind, a)
  const added = operandsOf(kind, b).filter(operand => !first.includes(operand))
  return added.length === 0 ? a : { kind, operands: [...first, ...added] }
}

function operandsOf(kind: 'and' | 'or', expression: WhenExpression): readonly WhenExpression[] {
  return expression.kind === kind ? expression.operands : [expression]
}
