import { type Diagnostic, renderDiagnostic } from '#config/lang'
import { type Changes, type ReleaseCounts, shortHash } from '#config/store'
import type { RollbackResult } from './rollback.ts'
import type { PublishResult } from './types.ts'

/** What a person reads of a publish, without a final line ending. Diagnostics come first; they belong on standard error. */
export function formatPublish(result: PublishResult): { readonly problems: string; readonly summary: string } {
  const problems = formatDiagnostics(result.diagnostics, result.diagnosticsLeftOut)
  const warnings = result.warnings.map(warning => `warning: ${warning}`)
  return { problems: [...problems, ...warnings].join('\n'), summary: summaryOf(result).join('\n') }
}

export function formatRollback(result: RollbackResult): { readonly problems: string; readonly summary: string } {
  const { entry } = result
  if (result.outcome === 'invalid') {
    const failed = `Rollback failed: release ${entry.restores ?? entry.number} is not valid for this version; nothing was changed`
    return { problems: formatDiagnostics(result.diagnostics).join('\n'), summary: failed }
  }
  const counts = formatCounts(entry.counts)
  const what = `Rolled back to release ${entry.restores} (${shortHash(entry.release)}): ${counts} (${files(entry.files)} synced)`
  return { problems: '', summary: [what, ...formatChanges(result.changes)].join('\n') }
}

/** Each as a person reads it, and how many more there are. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], more = 0): string[] {
  return [...diagnostics.map(render), ...leftOut(more)]
}

/** `2 errors, 1 warning` */
export function formatSeverities(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  const warnings = diagnostics.length - errors
  return [plural(errors, 'error', 'errors'), ...(warnings === 0 ? [] : [plural(warnings, 'warning', 'warnings')])].join(
    ', ',
  )
}

/** A file as a whole has no line that could be shown. */
function render(diagnostic: Diagnostic): string {
  const { code, severity, message, hint, span } = diagnostic
  if (span.file.text !== '') return renderDiagnostic(diagnostic)
  return `${span.file.path}: ${severity}: ${message} [${code}]\n  ${hint}`
}

function summaryOf(result: PublishResult): string[] {
  const counts = formatCounts(result.counts)
  switch (result.outcome) {
    case 'invalid':
      return [`Validation failed: ${formatSeverities(result.diagnostics)}; nothing was published`, ...repairs(result)]
    case 'valid':
      return [`Validation passed: ${counts}`, ...formatChanges(result.changes), ...repairs(result), ...pruned(result)]
    case 'nothing-to-publish':
      return [
        result.mended.length === 0
          ? 'Nothing to publish'
          : `Nothing to publish; ${files(result.mended.length)} of the live release had been changed by hand and ${result.mended.length === 1 ? 'was' : 'were'} put right`,
        ...result.mended.map(path => `~ ${path}`),
        ...repairs(result),
        ...pruned(result),
      ]
    case 'published':
      return [
        `Published: ${formatCounts(result.entry.counts)} (${files(result.entry.files)} synced)`,
        ...formatChanges(result.changes),
        ...repairs(result),
        ...pruned(result),
      ]
  }
}

/** `+ path` for what is new, `~` for what changed, `-` for what is gone. */
export function formatChanges({ added, changed, removed }: Changes): string[] {
  return [...added.map(path => `+ ${path}`), ...changed.map(path => `~ ${path}`), ...removed.map(path => `- ${path}`)]
}

/** `12 configcrates, 3 roles, 8 envoy entries` */
export function formatCounts({ configcrates, roles, envoyEntries }: ReleaseCounts): string {
  return [
    plural(configcrates, 'configcrate', 'configcrates'),
    plural(roles, 'role', 'roles'),
    plural(envoyEntries, 'envoy entry', 'envoy entries'),
  ].join(', ')
}

function repairs({ repaired, isDryRun }: PublishResult): string[] {
  if (repaired.length === 0) return []
  return [`${isDryRun ? 'A publish would repair' : 'Repaired'} in place: ${repaired.join(', ')}`]
}

function pruned({ pruned: paths }: PublishResult): string[] {
  return paths.length === 0 ? [] : [`Left out, because nothing refers to it: ${paths.join(', ')}`]
}

function leftOut(count: number): string[] {
  return count === 0 ? [] : [`… and ${count} more`]
}

function files(count: number): string {
  return plural(count, 'file', 'files')
}

function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}
