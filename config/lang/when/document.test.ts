import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import {
  type BuiltinName,
  evaluateWhen,
  formatWhen,
  parseWhen,
  usageOfBuiltin,
  WHEN_LIMITS,
  whenBuiltins,
  whenIdentifiers,
} from './index.ts'
import { MAX_WHEN_PROBLEMS } from './limits.ts'

const page = readFileSync(new URL('../../../docs/language/when.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const [resources, traits] = blocks.filter(({ language }) => language === 'yaml').map(({ text }) => parse(text))
const verdicts = blocks
  .filter(({ language }) => language === 'when')
  .flatMap(({ text }) => text.trimEnd().split('\n'))
  .map(line => line.split(/ +=> /))
const errors = blocks.filter(({ language }) => language === 'error').map(({ text }) => text.trimEnd().split('\n'))

describe('docs/language/when.md', () => {
  test.each(verdicts)('%s gives %s', (source = '', expected = '') => {
    const parsed = parseWhen(source)
    if (!parsed.ok) throw new Error(parsed.errors[0]?.message)
    const verdict = evaluateWhen(parsed.expression, { traits })
    expect(typeof verdict === 'boolean' ? String(verdict) : formatWhen(verdict.residual)).toBe(expected)
  })

  test.each(errors)('%s: %s', (source = '', message = '', hint = '') => {
    const parsed = parseWhen(source)
    expect(parsed.ok ? [] : parsed.errors[0]).toMatchObject({ message, hint })
  })

  test('has examples that can be read', () => {
    expect(verdicts.length).toBeGreaterThan(5)
    expect(errors.length).toBeGreaterThan(2)
    for (const { when } of resources.resources) expect(parseWhen(when).ok).toBe(true)
    const inText = [...page.matchAll(/`((?:command_succeeds|hour_range|minute_range)\([^`]+\))`/g)].map(
      ([, source = '']) => source,
    )
    // What stands in the table has the names of its arguments.
    expect(inText.length).toBeGreaterThan(2)
    expect(inText.filter(source => !/[A-Z]{2}/.test(source) && !parseWhen(source).ok)).toEqual(['hour_range(5, 5)'])
  })

  test('names each function and name, with its side and what it means', () => {
    expect(page).toContain(functionTable())
    expect(page).toContain(nameTable())
  })

  test('tells the limits as they are', () => {
    const limits = page.slice(page.indexOf('## Limits'))
    for (const number of [WHEN_LIMITS.units, WHEN_LIMITS.depth, MAX_WHEN_PROBLEMS]) {
      expect(limits).toMatch(new RegExp(`\\b${number.toLocaleString('en')}\\b`))
    }
  })
})

function functionTable(): string {
  const rows = Object.entries(whenBuiltins).map(
    ([name, { side, description }]) => `| \`${usageOfBuiltin(name as BuiltinName)}\` | ${side} | ${description} |`,
  )
  return `| function | decided by | true when |\n|---|---|---|\n${rows.join('\n')}\n`
}

function nameTable(): string {
  const rows = Object.entries(whenIdentifiers).map(
    ([name, { side, description }]) => `| \`${name}\` | ${side} | ${description} |`,
  )
  return `| name | decided by | true when |\n|---|---|---|\n${rows.join('\n')}\n`
}
