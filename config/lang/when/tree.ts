/** A condition. Operands of `and` and `or` are two or more, and never of the same kind as their parent. */
export type WhenExpression =
  | { readonly kind: 'constant'; readonly value: boolean }
  | WhenLeaf
  | { readonly kind: 'not'; readonly operand: WhenExpression }
  | { readonly kind: 'and' | 'or'; readonly operands: readonly WhenExpression[] }

/** What is asked of a machine. Places are offsets of the text that was parsed. */
export type WhenLeaf = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'call'; readonly name: BuiltinName; readonly arguments: readonly (string | number)[] }
  | { readonly kind: 'identifier'; readonly name: IdentifierName }
  /** A boolean trait by its path, of two names or more. */
  | { readonly kind: 'trait'; readonly path: readonly string[] }
)

export type BuiltinName =
  | 'file_exists'
  | 'dir_exists'
  | 'process_running'
  | 'service_running'
  | 'has_package'
  | 'command_succeeds'
  | 'hour_range'
  | 'minute_range'
  | 'day_of_week'
  | 'day_of_month'
  | 'os_family'
  | 'distro'
  | 'arch'
  | 'version_ge'
  | 'hostname'
  | 'trait'

export type IdentifierName = 'is_container' | 'has_enough_ram' | 'host_is_libvirt' | 'changed'

/** Operands joined: constants are settled, nested ones of the same kind become part of it. */
export function joined(kind: 'and' | 'or', operands: readonly WhenExpression[]): WhenExpression {
  const settles = kind === 'or'
  const kept: WhenExpression[] = []
  for (const operand of operands) {
    if (operand.kind === kind) kept.push(...operand.operands)
    else if (operand.kind !== 'constant') kept.push(operand)
    else if (operand.value === settles) return operand
  }
  const [only] = kept
  if (only === undefined) return { kind: 'constant', value: !settles }
  return kept.length === 1 ? only : { kind, operands: kept }
}

/** The opposite, without a double `!`. */
export function negated(operand: WhenExpression): WhenExpression {
  if (operand.kind === 'constant') return { kind: 'constant', value: !operand.value }
  return operand.kind === 'not' ? operand.operand : { kind: 'not', operand }
}

/** All questions that a condition asks, in the order of its text. */
export function* leavesOf(expression: WhenExpression): Iterable<WhenLeaf> {
  switch (expression.kind) {
    case 'constant':
      return
    case 'not':
      yield* leavesOf(expression.operand)
      return
    case 'and':
    case 'or':
      for (const operand of expression.operands) yield* leavesOf(operand)
      return
    case 'call':
    case 'identifier':
    case 'trait':
      yield expression
  }
}
