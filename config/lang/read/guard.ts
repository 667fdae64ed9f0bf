import type { Diagnostics } from '../diagnostic.ts'
import type { Located } from '../node.ts'
import type { ResourceRule } from '../schema.ts'
import { needsChange, parseWhen } from '../when/index.ts'
import { inState, type RuledResource, titleOf } from './title.ts'

/** A resource that would act on every run needs something that tells when not to. */
export function checkGuard(
  rule: Extract<ResourceRule, { rule: 'guard' }>,
  resource: RuledResource,
  state: string | undefined,
  diagnostics: Diagnostics,
): void {
  if (rule.states !== undefined && (state === undefined || !rule.states.includes(state))) return
  if (rule.attributes.some(name => resource.attributes.has(name))) return
  if (rule.triggers.includes('subscribes') && resource.subscribes.length > 0) return
  if (rule.triggers.includes('when-changed') && waitsForChange(resource.when)) return
  const when = rule.states === undefined ? '' : inState(resource, state)
  diagnostics.error({
    code: 'unguarded',
    span: resource.type.span,
    message: `${titleOf(resource)}${when} would act on every run`,
    hint: rule.hint,
  })
}

/** Whether the expression says that the resource runs only when it is triggered. */
function waitsForChange(when: Located<string> | undefined): boolean {
  if (when === undefined) return false
  const parsed = parseWhen(when.value)
  if (parsed.ok) return needsChange(parsed.expression)
  // A mistake in the condition was told; it is not told again as a missing guard.
  return /\bchanged\b/.test(when.value)
}
