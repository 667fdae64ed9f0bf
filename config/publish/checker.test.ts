import { describe, expect, test } from 'vitest'
import { renderDiagnostic } from '#config/lang'
import { treeChecker } from './index.ts'

const crate = `name: app
resources:
  - name: hello
    type: exec
    command: yes
    unless: test -f /tmp/hello
`
const envoys = { path: 'envoys.vgo', text: 'envoys:\n  - match: "*"\n    configcrates: [app]\n' }
const files = [{ path: 'configcrates/app.vgo', text: crate }, envoys, { path: 'templates/x.tmpl', text: 'a  \n' }]
const context = (...changed: string[]) => ({ changed: new Set(changed), signal: undefined })

describe('the checker of publish', () => {
  test('repairs changed files only, never a template, and tells what the linter warns of', async () => {
    const { edits, diagnostics } = await treeChecker().repair(files, context(...files.map(({ path }) => path)))
    expect([...edits]).toEqual([
      [
        'configcrates/app.vgo',
        crate.replace('name', '#~ Manages exec\nname').replace('  - name', '  #~ Run yes\n  - name'),
      ],
    ])
    expect(diagnostics.map(renderDiagnostic)).toEqual([
      expect.stringContaining('configcrates/app.vgo:7:14: warning: yes is text in YAML 1.2, not true [yes-no]'),
    ])
    expect(await treeChecker().repair(files, context('envoys.vgo'))).toEqual({ edits: new Map(), diagnostics: [] })
  })

  test('knows what the tree declares, what nothing leads to, and what is wrong across files', async () => {
    const checker = treeChecker()
    expect(await checker.check(files, context())).toMatchObject({
      diagnostics: [],
      counts: { configcrates: 1, roles: 0, envoyEntries: 1 },
      crates: new Set(['configcrates/app.vgo']),
      unreferenced: new Set(['templates/x.tmpl']),
      urls: [],
    })
    const { diagnostics } = await checker.check([envoys], context())
    expect(diagnostics.map(({ code }) => code)).toEqual(['unknown-configcrate'])
  })

  test('ends when it is told to', async () => {
    const signal = AbortSignal.abort()
    await expect(treeChecker().check(files, { changed: new Set(), signal })).rejects.toThrow(/abort/i)
    await expect(treeChecker().repair(files, { changed: new Set(['envoys.vgo']), signal })).rejects.toThrow(/abort/i)
  })
})
