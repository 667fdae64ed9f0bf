import { describe, expect, test } from 'vitest'
import { type Golden, golden } from './golden/index.ts'
import { parseTemplate, renderTemplate } from './index.ts'

describe.each(Object.entries(golden))('templates: %s', (_topic, cases) => {
  test.each(cases.map(each => [each.name, each] as const))('%s', (_name, each) => {
    const outcome = outcomeOf(each)
    if ('text' in each.expected) expect(outcome).toEqual(each.expected)
    else expect(outcome).toEqual({ error: expect.stringContaining(each.expected.error) })
  })
})

test('the table has no two cases of one name in a topic, and is long enough to mean something', () => {
  for (const cases of Object.values(golden)) {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  }
  expect(Object.values(golden).flat().length).toBeGreaterThan(300)
})

function outcomeOf({ template: text, data }: Golden): { text: string } | { error: string } {
  const parsed = parseTemplate(text)
  if (!parsed.ok) return { error: parsed.errors.map(({ message }) => message).join('; ') }
  const rendered = renderTemplate(parsed.template, data)
  return rendered.ok ? { text: rendered.text } : { error: rendered.error.message }
}
