import { type Diagnostic, Diagnostics } from '#config/lang'
import type { Changes, ReleaseCounts } from '#config/store'
import type { UrlProbe } from '../probe/index.ts'
import type { PublishReport } from './types.ts'

/** What a publish found so far. */
export class Report {
  counts: ReleaseCounts = { configcrates: 0, roles: 0, envoyEntries: 0 }
  changes: Changes = { added: [], changed: [], removed: [] }
  repaired: readonly string[] = []
  pruned: readonly string[] = []
  probes: readonly UrlProbe[] = []
  readonly warnings: string[] = []
  /** Found, but not told one by one. */
  leftOut = 0
  readonly #found: Diagnostic[] = []

  add(diagnostics: readonly Diagnostic[]): void {
    this.#found.push(...diagnostics)
  }

  get hasErrors(): boolean {
    return this.#found.some(({ severity }) => severity === 'error')
  }

  /** Errors go first where there are more than a report shows. */
  finished(isDryRun: boolean): PublishReport {
    const { counts, changes, repaired, pruned, probes, warnings } = this
    const shown = new Diagnostics()
    shown.addAll(this.#found.filter(({ severity }) => severity === 'error'))
    shown.addAll(this.#found.filter(({ severity }) => severity !== 'error'))
    const { sorted: diagnostics } = shown
    const diagnosticsLeftOut = shown.leftOut + this.leftOut
    return { isDryRun, diagnostics, diagnosticsLeftOut, counts, changes, repaired, pruned, probes, warnings }
  }
}
