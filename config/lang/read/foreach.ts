import type { Foreach } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Fields } from './fields.ts'

/** `foreach:` names a list variable, perhaps inside a map, or is the list. */
export function readForeach(fields: Fields, diagnostics: Diagnostics): Foreach | undefined {
  const node = fields.node('foreach')
  if (node === undefined || node.kind === 'list') return node
  const name = fields.text('foreach')
  if (name !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/.test(name.value)) {
    diagnostics.error({
      code: 'foreach',
      span: name.span,
      message: `'foreach' must be a list or the name of a variable, not '${name.value.slice(0, 60)}'`,
      hint: "write the name alone, without braces and '.Vars'",
    })
  }
  return name
}
