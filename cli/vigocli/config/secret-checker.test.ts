import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { renderDiagnostic } from '#config/lang'
import { treeChecker } from '#config/publish'
import { SecretStore } from '#config/secrets'
import { SecretChecker } from './secret-checker.ts'

const CRATE = `name: app
resources:
  - name: environment
    type: file
    target_path: /etc/app.env
    # secret:only/in/a/comment
    content: |
      URL=secret:vigo/app/url
      TOKEN=secret:vigo/app/token
`

test('warns of secrets that are referred to and missing, at their place, and says nothing where there are none to ask', async () => {
  const home = await mkdtemp(join(tmpdir(), 'vigo-checker-'))
  try {
    const store = new SecretStore({ folder: join(home, 'secrets') })
    const checker = new SecretChecker(treeChecker(), store)
    const files = [{ path: 'configcrates/app.vgo', text: CRATE }]
    const warnings = async () => {
      const { diagnostics } = await checker.check(files, { changed: new Set(), signal: undefined })
      return diagnostics.filter(({ code }) => code === 'secret-missing').map(renderDiagnostic)
    }
    await store.init()
    await store.set('vigo/app/token', 'x')
    const found = await warnings()
    expect(found).toHaveLength(1)
    expect(found[0]).toContain('configcrates/app.vgo:8:11: warning: ')
    expect(found[0]).toContain("there is no secret 'vigo/app/url' on this server")
    await store.set('vigo/app/url', 'x')
    expect(await warnings()).toEqual([])
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
