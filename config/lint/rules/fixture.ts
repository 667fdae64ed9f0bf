import { Diagnostics } from '#config/lang'
import { applyEdits } from '../edit.ts'
import type { CheckRule, FixRule } from '../rule.ts'
import { View } from '../view.ts'

/** What one rule alone makes of a text, and what it says about it. */
export function applied(rule: FixRule, text: string, path = 'configcrates/web.vgo') {
  const view = new View({ path, text })
  const edits = rule.fix(view)
  return { text: applyEdits(text, edits), messages: edits.map(({ message }) => message) }
}

/** What one check says about a text. */
export function warningsOf(rule: CheckRule, text: string): string[] {
  const diagnostics = new Diagnostics()
  rule.check(new View({ path: 'configcrates/web.vgo', text }), diagnostics)
  return diagnostics.sorted.map(({ message, hint }) => `${message}; ${hint}`)
}
