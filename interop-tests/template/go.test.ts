import { expect, test } from 'vitest'
import { type Golden, golden } from '../../config/lang/template/golden/index.ts'
import { goVersion, type Outcome, renderWithGo } from './go.ts'

const go = goVersion()
const cases = Object.values(golden)
  .flat()
  .filter(each => each.go !== 'none')

test('the table of expected results is what text/template does', async context => {
  if (!go.found) return context.skip(`go is not on the PATH (${go.why})`)
  const outcomes = await renderWithGo(cases)
  const wrong = cases.flatMap((each, at) => {
    const outcome = outcomes[at]!
    return agrees(each, outcome) ? [] : [{ name: each.name, template: each.template, table: each, outcome }]
  })
  expect(wrong).toEqual([])
  expect(cases.length).toBeGreaterThan(250)
})

function agrees({ expected, go }: Golden, outcome: Outcome): boolean {
  const wanted = go === 'same' ? expected : go === 'error' ? { error: '' } : go
  if (wanted === 'none') return true
  return 'text' in wanted ? 'text' in outcome && outcome.text === wanted.text : 'error' in outcome
}
