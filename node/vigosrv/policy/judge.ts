import { type Diagnostic, renderDiagnostic } from '#config/lang'
import { type ConfigStore, type ReleaseHash, shortHash } from '#config/store'

export type Judgement =
  | { readonly kind: 'good' }
  /**
   * `unguarded`: every error is a resource that would act on every run. A server starts without any policy then, so that the release can
   * be looked at and replaced; with `broken` it does not start.
   */
  | { readonly kind: 'unguarded' | 'broken'; readonly message: string; readonly errors: readonly Diagnostic[] }

/** Errors of idempotency; all others are of the structure of the tree. */
const IDEMPOTENCY = new Set(['unguarded'])

/** Whether hosts can be given bundles of the release. */
export function judge(release: ReleaseHash, { diagnostics }: ConfigStore): Judgement {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const [first] = errors
  if (first === undefined) return { kind: 'good' }
  const kind = errors.every(({ code }) => IDEMPOTENCY.has(code)) ? 'unguarded' : 'broken'
  const more = errors.length === 1 ? '' : ` (and ${errors.length - 1} more)`
  return { kind, message: `release ${shortHash(release)} is not valid: ${first.message}${more}`, errors }
}

/** Errors that a terminal still shows at once. */
const MAX_SHOWN = 20

export function renderErrors(errors: readonly Diagnostic[]): string {
  const shown = errors.slice(0, MAX_SHOWN).map(renderDiagnostic)
  if (errors.length > MAX_SHOWN) shown.push(`… and ${errors.length - MAX_SHOWN} more`)
  return shown.join('\n')
}
