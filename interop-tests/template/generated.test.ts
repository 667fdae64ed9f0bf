import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTemplate, renderTemplate, templateFunctions } from '#config/lang'
import { damaged, data, template } from './generate.ts'
import { goVersion, type Outcome, renderWithGo } from './go.ts'

const SEED = 20_240_607
const go = goVersion()

test('generated templates give what text/template gives', async context => {
  if (!go.found) return context.skip(`go is not on the PATH (${go.why})`)
  const texts = fc.sample(template, { seed: SEED, numRuns: 4000 })
  const outcomes = await renderWithGo(texts.map(text => ({ template: text, data })))
  const wrong = texts.flatMap((text, at) => differences(text, outcomes[at]!))
  expect(wrong.slice(0, 5)).toEqual([])
  expect(outcomes.filter(outcome => 'text' in outcome && outcome.text !== '').length).toBeGreaterThan(1500)
})

test('a damaged template that is accepted gives what text/template gives', async context => {
  if (!go.found) return context.skip(`go is not on the PATH (${go.why})`)
  // A damaged format leads to what is told apart on purpose: marks in the text, and whole floats.
  const texts = fc.sample(damaged, { seed: SEED, numRuns: 6000 }).filter(text => !text.includes('printf'))
  const outcomes = await renderWithGo(texts.map(text => ({ template: text, data })))
  const wrong = texts.flatMap((text, at) => ('text' in ours(text) ? differences(text, outcomes[at]!) : []))
  expect(wrong.slice(0, 5)).toEqual([])
  expect(outcomes.filter(outcome => 'error' in outcome).length).toBeGreaterThan(500)
})

function ours(text: string): Outcome {
  const parsed = parseTemplate(text)
  if (!parsed.ok) return { error: parsed.errors[0]!.message }
  const rendered = renderTemplate(parsed.template, data)
  return rendered.ok ? rendered : { error: rendered.error.message }
}

function differences(text: string, theirs: Outcome): { text: string; ours: Outcome; theirs: Outcome }[] {
  const mine = ours(text)
  const same = 'text' in mine ? 'text' in theirs && mine.text === theirs.text : 'error' in theirs
  return same || isToldDifference(theirs) ? [] : [{ text, ours: mine, theirs }]
}

/** What docs/language/templates.md names: functions of ours, and marks that Go leaves in the text where we end with an error. */
function isToldDifference(theirs: Outcome): boolean {
  if ('text' in theirs) return theirs.text.includes('%!')
  const [, name = ''] = /function "(\w+)" not defined/.exec(theirs.error) ?? []
  return templateFunctions.get(name)?.isGo === false
}
