import { placeOf } from '#config/lang'
import type { BuiltCrate } from './build.ts'
import type { Stamped } from './crate.ts'
import type { Report } from './problem.ts'

/**
 * Reports resources that manage the same thing and would work against each other. Those with a condition that the agent decides are taken
 * to exclude each other.
 */
export function checkConflicts(crates: readonly BuiltCrate[], report: Report): void {
  const first = new Map<string, Stamped>()
  for (const { identities } of crates) {
    for (const [identity, all] of identities) {
      for (const stamped of all) {
        if (stamped.when !== '') continue
        const earlier = first.get(identity)
        if (earlier === undefined) first.set(identity, stamped)
        else reportConflict(stamped, earlier, report)
      }
    }
  }
}

function reportConflict(stamped: Stamped, earlier: Stamped, report: Report): void {
  const { declaration, schema } = stamped.prepared
  const [main = ''] = schema?.identity ?? []
  const value = stamped.values.get(main)
  const shown = typeof value === 'string' ? ` ${value.slice(0, 120)}` : ''
  const other = earlier.prepared.declaration.type.span
  report({
    code: 'conflict',
    span: declaration.type.span,
    message: `'${stamped.id}' and '${earlier.id}' both manage the ${declaration.type.value}${shown} of one host`,
    hint: `keep one of them, or let 'when:' tell which; the other one is in ${placeOf(other)}`,
    related: [{ span: other, message: 'the other one is here' }],
    variables: [...(stamped.variables.get(main) ?? []), ...(earlier.variables.get(main) ?? [])],
  })
}
