import type { Diagnostics } from '../diagnostic.ts'
import type { MapNode } from '../node.ts'
import { isNothing } from './fields.ts'

/** Claims are a map of frameworks to a control or a list of controls. */
export function checkClaims(claims: MapNode, diagnostics: Diagnostics): void {
  for (const { key, value } of claims.entries.values()) {
    const items = value.kind === 'list' ? value.items : [value]
    for (const item of items) {
      if (item.kind === 'scalar' && !isNothing(item) && item.source.trim() !== '') continue
      diagnostics.error({
        code: 'wrong-kind',
        span: item.span.end > item.span.start ? item.span : value.span,
        message: `the framework '${key.slice(0, 60)}' must have a control or a list of controls`,
        hint: `write for example '${key.slice(0, 60)}: ["164.312(a)(1)"]'`,
      })
    }
  }
}
