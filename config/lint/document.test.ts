import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rulesTable } from './document.ts'

test('docs/language/lint.md has the table of the rules', () => {
  const page = readFileSync(new URL('../../docs/language/lint.md', import.meta.url), 'utf8')
  const table = /<!-- rules -->\n([\s\S]*)\n<!-- \/rules -->/.exec(page)?.[1]
  expect(table).toBe(rulesTable())
})
