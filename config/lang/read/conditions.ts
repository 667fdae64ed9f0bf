import type { Diagnostics } from '../diagnostic.ts'
import type { Node } from '../node.ts'
import { placeInside } from '../syntax/index.ts'
import { hasActions } from '../template/index.ts'
import { parseWhen } from '../when/index.ts'
import { checkTemplates, type TemplateContext } from './templates.ts'

/** Reports what is wrong with a `when:`. A condition with templates is read once they are rendered. */
export function checkCondition(node: Node | undefined, context: TemplateContext, diagnostics: Diagnostics): void {
  if (node?.kind !== 'scalar') return
  if (hasActions(node.source)) {
    checkTemplates(node, context, diagnostics)
    return
  }
  const parsed = parseWhen(node.source)
  if (parsed.ok) return
  for (const { offset, length, message, hint } of parsed.errors) {
    const span = placeInside(node, offset, offset + Math.max(1, length))
    diagnostics.error({ code: 'when-syntax', span, message, hint })
  }
}
