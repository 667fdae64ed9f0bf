import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseTemplate, renderTemplate, templateFunctions } from './index.ts'
import {
  DEFAULT_LIMITS,
  MAX_CHAIN,
  MAX_NESTING,
  MAX_OPEN_BLOCKS,
  MAX_PROBLEMS,
  MAX_TEMPLATE_UNITS,
  MAX_VALUE_DEPTH,
} from './limits.ts'

const page = readFileSync(new URL('../../../docs/language/templates.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}))
const data = parse(blocks.find(({ language }) => language === 'yaml')?.text ?? '')
const examples = blocks.flatMap(({ language, text }, at) =>
  language === 'gotmpl' ? [{ template: text, result: blocks[at + 1]! }] : [],
)

describe('docs/language/templates.md', () => {
  test.each(examples.map(({ template, result }) => [template, result] as const))('%s', (template, result) => {
    const parsed = parseTemplate(template)
    const rendered = parsed.ok
      ? renderTemplate(parsed.template, data)
      : { ok: false as const, error: parsed.errors[0]! }
    const outcome = rendered.ok
      ? { language: 'output', text: rendered.text }
      : { language: 'error', text: `${rendered.error.message}\n${rendered.error.hint}\n` }
    expect(outcome).toEqual(result)
  })

  test('has examples', () => {
    expect(examples.length).toBeGreaterThan(10)
  })

  test('names each function once, with its arguments and what it does', () => {
    expect(page).toContain(functionTables())
  })

  test('tells the limits as they are', () => {
    const numbers = [
      MAX_TEMPLATE_UNITS,
      MAX_NESTING,
      MAX_CHAIN,
      MAX_OPEN_BLOCKS,
      MAX_VALUE_DEPTH,
      MAX_PROBLEMS,
      ...Object.values(DEFAULT_LIMITS),
    ]
    const limits = page.slice(page.indexOf('## Limits'), page.indexOf('## Where it differs'))
    for (const number of numbers) expect(limits).toMatch(new RegExp(`\\b${number.toLocaleString('en')}\\b`))
  })
})

/** The tables between the paragraphs; a failing test shows what the page should have. */
function functionTables(): string {
  const groups = Map.groupBy(templateFunctions.values(), ({ group }) => group)
  return [...groups]
    .map(([group, functions]) => {
      const rows = functions.map(
        ({ usage, description, isGo }) => `| \`${usage}\`${isGo ? ' ¹' : ''} | ${description} |`,
      )
      return `| ${group} | |\n|---|---|\n${rows.join('\n')}\n`
    })
    .join('\n')
}
