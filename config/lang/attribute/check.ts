import type { Node } from '../node.ts'
import type { AttributeSchema, Plain } from '../schema.ts'
import type { Span } from '../source.ts'
import { listOf, mapOf } from './collection.ts'
import { plainOf } from './plain.ts'
import { scalar, scalarOf } from './scalar.ts'
import { Unfit } from './unfit.ts'

/** As `AttributesOf` types it: a mode has four digits, a duration is in seconds. */
export type AttributeValue = Plain

export interface AttributeProblem {
  readonly code: string
  readonly span: Span
  readonly message: string
  readonly hint: string
}

export type AttributeCheck = { readonly value: AttributeValue } | { readonly problem: AttributeProblem }

/** Whether a value has a template somewhere, and so cannot be checked before it is rendered. */
export function isTemplated(node: Node): boolean {
  switch (node.kind) {
    case 'scalar':
      return typeof node.value === 'string' && node.value.includes('{{')
    case 'list':
      return node.items.some(isTemplated)
    case 'map':
      for (const { value } of node.entries.values()) if (isTemplated(value)) return true
      return false
  }
}

/**
 * Checks a value, its templates rendered, against what the attribute may be, and brings it into the form that executors get. A
 * rendered scalar is a node of style `quoted`. A reference to a secret stays as it is and counts as any text.
 */
export function checkAttribute(schema: AttributeSchema, node: Node): AttributeCheck {
  try {
    return { value: fitted(schema, node) }
  } catch (error) {
    if (!(error instanceof Unfit)) throw error
    const { message, hint, span } = error
    return { problem: { code: 'attribute-value', span: span ?? node.span, message, hint } }
  }
}

function fitted({ name, type }: AttributeSchema, node: Node): AttributeValue {
  if (type.kind === 'any') return plainOf(node)
  if (type.kind === 'list') return listOf(name, type, node)
  if (type.kind === 'map') return mapOf(name, node)
  return scalarOf(name, type, scalar(name, node, type))
}
