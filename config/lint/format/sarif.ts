import type { Diagnostic, Span } from '#config/lang'
import type { LintResult } from '../lint.ts'
import { rules } from '../rules/index.ts'
import { Regions } from './region.ts'
import { type FormatOptions, isChanged } from './summary.ts'

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

/**
 * SARIF 2.1.0 for code scanning. What `--fix` would change are notes; after `--fix` they are left out. Paths are relative to the stacks
 * folder (`STACKS`).
 */
export function formatSarif(results: readonly LintResult[], { isFixed = false }: FormatOptions = {}): string {
  const regions = new Regions()
  const found = results.flatMap(result => [
    ...result.diagnostics.map(diagnostic => resultOf(diagnostic, regions)),
    ...(isFixed || !isChanged(result) ? [] : result.changes.map(change => noteOf(result.source.path, change))),
  ])
  const ids = Array.from(new Set(found.map(({ ruleId }) => ruleId))).toSorted()
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'modlint', rules: ids.map(ruleOf) } },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { STACKS: { description: { text: 'The folder of the configuration tree.' } } },
        results: found.map(each => ({ ...each, ruleIndex: ids.indexOf(each.ruleId) })),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function ruleOf(id: string) {
  const rule = rules.find(({ name }) => name === id)
  return { id, ...(rule === undefined ? {} : { shortDescription: { text: rule.summary } }) }
}

function resultOf({ code, severity, message, hint, span, related }: Diagnostic, regions: Regions) {
  return {
    ruleId: code,
    level: severity,
    message: { text: hint === '' ? message : `${message}\n${hint}` },
    locations: [locationOf(span, regions)],
    ...(related.length === 0
      ? {}
      : {
          relatedLocations: related.map(note => ({
            ...locationOf(note.span, regions),
            message: { text: note.message },
          })),
        }),
  }
}

function noteOf(path: string, { rule, line, lastLine, message }: LintResult['changes'][number]) {
  return {
    ruleId: rule,
    level: 'note',
    message: { text: `--fix: ${message}` },
    locations: [
      { physicalLocation: { artifactLocation: artifactOf(path), region: { startLine: line, endLine: lastLine } } },
    ],
  }
}

/** A file that is no text has no lines. */
function locationOf(span: Span, regions: Regions) {
  const artifactLocation = artifactOf(span.file.path)
  if (span.file.text === '') return { physicalLocation: { artifactLocation } }
  return { physicalLocation: { artifactLocation, region: regions.of(span) } }
}

function artifactOf(path: string) {
  return { uri: path.toWellFormed().split('/').map(encodeURIComponent).join('/'), uriBaseId: 'STACKS' }
}
