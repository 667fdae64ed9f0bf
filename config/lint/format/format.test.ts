import { describe, expect, test } from 'vitest'
import { lintFile } from '../lint.ts'
import { formatJson, formatSarif, formatText, summaryOf } from './index.ts'

const rough = lintFile(
  { path: 'configcrates/my web.vgo', text: 'name: web  \nresources:\n  - type: fille\n    mode: 1\n' },
  { judge: 'source' },
)
const good = lintFile({ path: 'envoys.vgo', text: 'envoys:\n  - match: "*"\n    configcrates: [web]\n' })
const broken = lintFile({ path: 'roles.vgo', text: 'roles: [\n' })

describe('the text', () => {
  test('says what is wrong, what would change, and sums it up', () => {
    expect(`\n${formatText([rough, good, broken])}`).toBe(`
configcrates/my web.vgo:3:11: error: the resource type 'fille' is not known [unknown-type]
  3 |   - type: fille
    |           ^^^^^
  did you mean 'file'? A custom executor's resource needs 'skip_validation: true'
configcrates/my web.vgo: --fix would change
  line 1: blanks at the end of the line removed [trailing-blanks]
  line 1: label written: #~ Manages fille [label]
  line 3: label written: #~ Run fille for this host [label]
roles.vgo:1:8: error: the bracket that opens here is never closed [yaml-bracket]
  1 | roles: [
    |        ^
  close it, or put the whole value into quotes
3 files, 2 errors, 0 warnings, 1 to fix: run 'vigocli config lint --fix', 1 left as it is
`)
  })

  test('says what was changed', () => {
    expect(formatText([rough], { isFixed: true })).toContain('my web.vgo: fixed\n')
    expect(formatText([rough], { isFixed: true })).toMatch(/\n1 file, 1 error, 0 warnings, 1 fixed\n$/)
    expect(formatText([good])).toBe('1 file, 0 errors, 0 warnings\n')
  })
})

test('the JSON has every file with its changes and places', () => {
  const report: unknown = JSON.parse(formatJson([rough, good]))
  expect(report).toMatchObject({
    version: 1,
    summary: { files: 2, errors: 1, warnings: 0, changed: 1, refused: 0 },
    files: [
      {
        path: 'configcrates/my web.vgo',
        changed: true,
        fixed: false,
        refused: null,
        changes: [{ rule: 'trailing-blanks', line: 1, lastLine: 1 }, { rule: 'label' }, { rule: 'label', line: 3 }],
        diagnostics: [
          { code: 'unknown-type', severity: 'error', startLine: 3, startColumn: 11, endLine: 3, endColumn: 16 },
        ],
      },
      { path: 'envoys.vgo', changed: false, changes: [], diagnostics: [] },
    ],
  })
})

describe('the SARIF', () => {
  const log = JSON.parse(formatSarif([rough, good, broken])) as SarifLog

  test('has what the standard requires', () => {
    expect(log.version).toBe('2.1.0')
    expect(log.runs).toHaveLength(1)
    const { tool, results } = log.runs[0] ?? { tool: undefined, results: [] }
    expect(tool?.driver.name).toBe('modlint')
    const ids = tool?.driver.rules.map(({ id }) => id) ?? []
    expect(new Set(ids).size).toBe(ids.length)
    expect(results).toHaveLength(5)
    for (const result of results) {
      expect(ids[result.ruleIndex]).toBe(result.ruleId)
      expect(['error', 'warning', 'note']).toContain(result.level)
      expect(result.message.text.length).toBeGreaterThan(0)
      for (const { physicalLocation } of result.locations) {
        const { region, artifactLocation } = physicalLocation
        expect(artifactLocation.uri).toMatch(/^[^/\s][^\s]*$/)
        expect(log.runs[0]?.originalUriBaseIds).toHaveProperty(artifactLocation.uriBaseId)
        expect(region.startLine).toBeGreaterThanOrEqual(1)
        expect(region.endLine).toBeGreaterThanOrEqual(region.startLine)
      }
    }
  })

  test('points at the place, and tells what --fix would do as notes', () => {
    const [error, note] = log.runs[0]?.results ?? []
    expect(error).toMatchObject({
      ruleId: 'unknown-type',
      level: 'error',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'configcrates/my%20web.vgo' },
            region: { startLine: 3, startColumn: 11, endLine: 3, endColumn: 16 },
          },
        },
      ],
    })
    expect(note).toMatchObject({ ruleId: 'trailing-blanks', level: 'note' })
    expect(formatSarif([rough], { isFixed: true })).not.toContain('"note"')
  })
})

test('a summary counts what was found', () => {
  expect(summaryOf([rough, good, broken])).toEqual({ files: 3, errors: 2, warnings: 0, changed: 1, refused: 1 })
})

interface SarifLog {
  readonly version: string
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly name: string; readonly rules: readonly { readonly id: string }[] } }
    readonly originalUriBaseIds: object
    readonly results: readonly {
      readonly ruleId: string
      readonly ruleIndex: number
      readonly level: string
      readonly message: { readonly text: string }
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string; readonly uriBaseId: string }
          readonly region: { readonly startLine: number; readonly endLine: number }
        }
      }[]
    }[]
  }[]
}
