import type { Variables } from '../declarations.ts'
import type { Diagnostics } from '../diagnostic.ts'
import type { Node } from '../node.ts'
import type { Fields } from './fields.ts'
import { checkSecrets } from './secrets.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** `vars:` of anything: names that templates can say, and values that mean what they look like. */
export function readVariables(fields: Fields, diagnostics: Diagnostics): Variables {
  const entries = fields.entries('vars')
  for (const { key, keySpan, value } of entries.values()) {
    if (!NAME.test(key)) {
      diagnostics.warning({
        code: 'variable-name',
        span: keySpan,
        message: `templates cannot say '.Vars.${key.slice(0, 60)}'`,
        hint: `name it '${key.slice(0, 60).replaceAll(/[^A-Za-z0-9_]/g, '_')}', or write {{ index .Vars "${key.slice(0, 60)}" }}`,
      })
    }
    checkSecrets(value, diagnostics)
    checkMeaning(value, diagnostics)
  }
  return entries
}

/** Warns of plain values that YAML 1.2 reads otherwise than most people do. */
export function checkMeaning(node: Node, diagnostics: Diagnostics): void {
  if (node.kind === 'list') for (const item of node.items) checkMeaning(item, diagnostics)
  if (node.kind === 'map') for (const { value } of node.entries.values()) checkMeaning(value, diagnostics)
  if (node.kind !== 'scalar' || node.style !== 'plain') return
  const { value, source, span } = node
  if (typeof value === 'number' && String(value) !== source) {
    diagnostics.warning({
      code: 'number-form',
      span,
      message: `${source} is the number ${value}`,
      hint: `quote it to keep it as it is written: "${source}"`,
    })
  }
  if (typeof value === 'string' && /^(?:yes|no|on|off)$/i.test(value)) {
    const meant = /^(?:yes|on)$/i.test(value)
    diagnostics.warning({
      code: 'yes-no',
      span,
      message: `${value} is text in YAML 1.2, not ${meant}`,
      hint: `write ${meant}, or quote it if text is meant`,
    })
  }
}
