import { pathToFileURL } from 'node:url'
import { version } from '#cli/shell'
import { type Diagnostic, positionOf } from '#config/lang'
import type { Change } from '#config/lint'

export interface Linted {
  readonly root: string
  readonly path: string
  /** What the rules would change, or changed. */
  readonly changes: readonly Change[]
  readonly diagnostics: readonly Diagnostic[]
}

/** SARIF 2.1.0 (OASIS), as code hosting services and editors read it. Changes that `--fix` makes are notes. */
export function sarifOf(linted: readonly Linted[], fixed: boolean): object {
  const results = linted.flatMap(({ root, path, changes, diagnostics }) => [
    ...diagnostics.map(({ code, severity, message, hint, span }) => {
      const { line, column } = positionOf(span)
      return result(
        code,
        severity,
        `${message}\n${hint}`,
        location(root, span.file.path, { startLine: line, startColumn: column }),
      )
    }),
    ...(fixed ? [] : changes).map(({ rule, line, lastLine, message }) =>
      result(rule, 'note', message, location(root, path, { startLine: line, endLine: lastLine })),
    ),
  ])
  const rules = [...new Set(results.map(({ ruleId }) => ruleId))].toSorted()
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'modlint', version, rules: rules.map(id => ({ id })) } },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: Object.fromEntries(
          [...new Set(linted.map(({ root }) => root))].map(root => [
            baseOf(root, linted),
            { uri: `${pathToFileURL(root).href}/` },
          ]),
        ),
        results: results.map(each => ({ ...each, locations: each.locations.map(place => withBase(place, linted)) })),
      },
    ],
  }
}

interface Place {
  readonly root: string
  readonly path: string
  readonly region: object
}

function location(root: string, path: string, region: object): Place {
  return { root, path, region }
}

function result(ruleId: string, level: 'error' | 'warning' | 'note', text: string, place: Place) {
  return { ruleId, level, message: { text }, locations: [place] }
}

function withBase({ root, path, region }: Place, linted: readonly Linted[]): object {
  const uri = path.split('/').map(encodeURIComponent).join('/')
  return { physicalLocation: { artifactLocation: { uri, uriBaseId: baseOf(root, linted) }, region } }
}

/** `STACKS`, and numbers where several trees were linted at once. */
function baseOf(root: string, linted: readonly Linted[]): string {
  const at = [...new Set(linted.map(each => each.root))].indexOf(root)
  return at <= 0 ? 'STACKS' : `STACKS${at + 1}`
}
