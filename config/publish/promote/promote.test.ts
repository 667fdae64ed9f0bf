import { describe, expect, test } from 'vitest'
import { unifiedDiff } from '../suggest/index.ts'
import { promote } from './index.ts'

const text = `environments:
  # Tried here first.
  staging:
    vars:
      workers: 2        # few
      features:         # as a list
        - search
        - dark-mode
      banner: |
        Two
          lines
  production:
    # Careful.
    vars:
        workers: 16     # many
        region: eu
        # the end
    configcrates: [backup]
  empty:
    configcrates: [backup]
  flow: { vars: { workers: 1 } }
  bare:
`

const file = { path: 'environments.vgo', text }
const copy = (from: string, to: string, ...variables: string[]) => promote(file, { from, to, variables })
const difference = (from: string, to: string, ...variables: string[]) =>
  `\n${unifiedDiff(file.path, text, copy(from, to, ...variables).file.text)}`

describe('promoting variables', () => {
  test('replaces a value where it stands, and keeps the comment behind it', () => {
    expect(copy('staging', 'production', 'workers')).toMatchObject({ added: [], changed: ['workers'] })
    expect(difference('staging', 'production', 'workers')).toContain(`
-        workers: 16     # many
+        workers: 2     # many
`)
  })

  test('adds what is not there below the last variable, at its column', () => {
    expect(difference('staging', 'production', 'features', 'banner')).toContain(`
         region: eu
+        features:         # as a list
+          - search
+          - dark-mode
+        banner: |
+          Two
+            lines
         # the end
`)
  })

  test('makes a vars of its own in a block without', () => {
    expect(difference('production', 'empty', 'region')).toContain(`
   empty:
+    vars:
+      region: eu
     configcrates: [backup]
`)
  })

  test('replaces in a flow, but does not add to it', () => {
    expect(copy('staging', 'flow', 'workers').file.text).toContain('flow: { vars: { workers: 2 } }')
    expect(() => copy('production', 'flow', 'region')).toThrow(
      /'flow' of environments.vgo has no vars below each other/,
    )
    expect(() => copy('production', 'bare', 'region')).toThrow(/write 'vars:' there/)
  })

  test('copies all variables when none is named, and changes nothing a second time', () => {
    const once = copy('staging', 'production')
    expect(once).toMatchObject({ added: ['features', 'banner'], changed: ['workers'] })
    const again = promote(once.file, { from: 'staging', to: 'production', variables: [] })
    expect(again).toEqual({ file: once.file, added: [], changed: [] })
  })

  test('says what there is when a name is wrong', () => {
    expect(() => copy('stagin', 'production')).toThrow(
      "environments.vgo has no environment 'stagin'; it has staging, production, empty, flow, bare",
    )
    expect(() => copy('staging', 'production', 'worker')).toThrow(
      "'staging' of environments.vgo sets no variable 'worker'",
    )
  })

  test('leaves a file alone in which other values would change', () => {
    const anchored = {
      path: 'e.vgo',
      text: 'env:\n  a:\n    vars:\n      x: 1\n  b:\n    vars:\n      x: &two 2\n      y: *two\n',
    }
    expect(() => promote(anchored, { from: 'a', to: 'b', variables: [] })).toThrow(
      /copy the variables by hand|unresolved|alias/i,
    )
  })
})
