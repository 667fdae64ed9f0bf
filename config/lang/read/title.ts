import type { ResourceDeclaration } from '../declarations.ts'

/** What rules look at: attributes by their canonical names, defaults of the crate included. */
export type RuledResource = Pick<
  ResourceDeclaration,
  'name' | 'nameIsDerived' | 'type' | 'attributes' | 'when' | 'subscribes'
>

/** The resource in a sentence; a name that its author never wrote says nothing. */
export function titleOf({ name, nameIsDerived, type }: RuledResource): string {
  return nameIsDerived ? `this ${type.value} resource` : `the ${type.value} resource '${name.value.slice(0, 80)}'`
}

/** ` in state 'absent'`, where the author wrote the state. */
export function inState({ attributes }: RuledResource, state: string | undefined): string {
  return state !== undefined && attributes.has('state') ? ` in state '${state}'` : ''
}
