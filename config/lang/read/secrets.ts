import { findSecretReferences } from '../attribute/index.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Node } from '../node.ts'
import { placeInside } from '../syntax/index.ts'
import { MAX_REPORTED } from './templates.ts'

/** Reports references to secrets of the wrong form, anywhere in a value. What a template makes is checked after it is rendered. */
export function checkSecrets(node: Node, diagnostics: Diagnostics): void {
  if (node.kind === 'list') for (const item of node.items) checkSecrets(item, diagnostics)
  if (node.kind === 'map') for (const { value } of node.entries.values()) checkSecrets(value, diagnostics)
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return
  const { value } = node
  let reported = 0
  for (const { start, end, problem } of findSecretReferences(value)) {
    if (problem === undefined || value.startsWith('{{', end)) continue
    if (++reported > MAX_REPORTED) return
    diagnostics.error({
      code: 'secret-reference',
      span: placeInside(node, start, end),
      message: problem,
      hint: "write for example 'secret:vigo/webapp/database_url'",
    })
  }
}
