import { hasActions, type Node } from '#config/lang'

const SIMPLE = /^\{\{-?\s*\.(?:Vars|Traits|Item|Each)(?:\.\w+)+\s*-?\}\}$/
const LOOKS_INTO_VARIABLES = /Vars|Item|Each|\$|\b(?:define|template|block|with|range)\b/

/**
 * Whether the template does nothing with variables but write them out, so that one text fails just when another text does. An action
 * that decides something may look at traits only. In doubt it is not plain.
 */
export function isPlainTemplate(text: string): boolean {
  for (let start = text.indexOf('{{'); start >= 0; ) {
    const end = text.indexOf('}}', start)
    if (end < 0) return false
    const action = text.slice(start, end + 2)
    const isClosed = action.split('"').length % 2 === 1 && !action.includes('`') && !action.includes("'")
    if (!SIMPLE.test(action) && (!isClosed || LOOKS_INTO_VARIABLES.test(action))) return false
    start = text.indexOf('{{', end + 2)
  }
  return true
}

export function isPlainNode(node: Node): boolean {
  return (
    node.kind === 'scalar' && typeof node.value === 'string' && hasActions(node.value) && isPlainTemplate(node.value)
  )
}
