import { placeOf } from '#config/lang'
import type { CompiledCrate } from './crate.ts'
import type { Report } from './problem.ts'
import type { Stamped } from './stamp.ts'

/**
 * Reports resources that manage the same thing and would work against each other. Those with a condition that the agent decides are taken
 * to exclude each other.
 */
export function checkConflicts(crates: readonly CompiledCrate[], report: Report): void {
  const first = new Map<string, Stamped>()
  for (const crate of crates) {
    for (const { identity, stamped } of identitiesOf(crate)) {
      const earlier = first.get(identity)
      if (earlier === undefined) first.set(identity, stamped)
      else reportConflict(stamped, earlier, report)
    }
  }
}

interface Identified {
  readonly identity: string
  readonly stamped: Stamped
}

const known = new WeakMap<CompiledCrate, readonly Identified[]>()

function identitiesOf(crate: CompiledCrate): readonly Identified[] {
  let all = known.get(crate)
  if (all === undefined) {
    all = crate.placed.flatMap(({ stamped }) => {
      const identity = identityOf(stamped)
      return identity === undefined ? [] : [{ identity, stamped }]
    })
    known.set(crate, all)
  }
  return all
}

/** What the resource manages; undefined for what may occur more than once, or perhaps not at all. */
export function identityOf({ when, values, prepared: { schema } }: Stamped): string | undefined {
  if (when !== '' || schema?.identity === undefined) return undefined
  return JSON.stringify([schema.type, ...schema.identity.map(name => values.get(name) ?? null)])
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
