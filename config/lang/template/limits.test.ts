import { describe, expect, test } from 'vitest'
import { parseTemplate, renderTemplate, renderValue, type Value } from './index.ts'
import { DEFAULT_LIMITS, type TemplateLimits } from './limits.ts'

type Data = Readonly<Record<string, Value>>

function outcome(text: string, data: Data = {}, limits: Partial<TemplateLimits> = {}): string {
  const parsed = parseTemplate(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.errors[0]?.message}`)
  const rendered = renderTemplate(parsed.template, data, limits)
  return rendered.ok ? `${rendered.text.length} characters` : `${rendered.error.code}: ${rendered.error.message}`
}

const TOO_MANY_STEPS = `limit: the template did not end within ${DEFAULT_LIMITS.steps} steps`
const TOO_LONG = `limit: a text is longer than ${DEFAULT_LIMITS.outputUnits} characters`

describe('a rendering ends with an error', () => {
  test('when it loops for too long', () => {
    expect(outcome('{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}')).toBe(TOO_MANY_STEPS)
    expect(outcome('{{ range 1000 }}{{ range 1000 }}x{{ end }}{{ end }}')).toBe(TOO_MANY_STEPS)
    expect(outcome('{{ range 1000 }}{{ range 100 }}x{{ end }}{{ end }}')).toBe('100000 characters')
  })

  test('after the same work each time, whatever the clock says', () => {
    const loop = '{{ range $i := 1000 }}{{ $x := add $i 1 }}{{ end }}'
    expect(outcome(loop, {}, { steps: 4001 })).toBe('limit: the template did not end within 4001 steps')
    expect(outcome(loop, {}, { steps: 4002 })).toBe('0 characters')
  })

  test('when range counts too far', () => {
    expect(outcome('{{ range 100001 }}{{ end }}')).toBe('limit: range counts to 100001; the most is 100000')
  })

  test('when the output grows too long', () => {
    const Vars = { page: 'x'.repeat(100_000) }
    expect(outcome('{{ range 41 }}{{ $.Vars.page }}{{ end }}', { Vars })).toBe('4100000 characters')
    expect(outcome('{{ range 42 }}{{ $.Vars.page }}{{ end }}', { Vars })).toContain(
      'limit: the rendered text is longer',
    )
  })

  test('when a text on the way grows too long', () => {
    expect(outcome('{{ $x := "0123456789" }}{{ range 60 }}{{ $x = print $x $x }}{{ end }}')).toBe(TOO_LONG)
    const Vars = { page: 'ab'.repeat(500_000), lines: '\n'.repeat(10_000) }
    expect(outcome('{{ replace "a" "0123456789" .Vars.page }}', { Vars })).toBe(TOO_LONG)
    expect(outcome('{{ indent 1000 .Vars.lines }}', { Vars })).toBe(TOO_LONG)
    expect(outcome('{{ js .Vars.lines | js | js | js | js | js | js | js | js | js }}', { Vars })).toBe(TOO_LONG)
    expect(outcome('{{ join .Vars.page (list 1 2 3 4 5 6) }}', { Vars })).toBe(TOO_LONG)
    expect(outcome('{{ printf "%s%s%s%s%s" .Vars.page .Vars.page .Vars.page .Vars.page .Vars.page }}', { Vars })).toBe(
      TOO_LONG,
    )
  })

  test('when it goes through long texts and lists too often', () => {
    const Vars = { page: 'x'.repeat(1_000_000), list: Array.from({ length: 100_000 }, (_, at) => at) }
    for (const call of [
      'contains "y" $.Vars.page',
      'sha256sum $.Vars.page',
      'len $.Vars.page',
      'has -1 $.Vars.list',
      'sort $.Vars.list',
    ]) {
      expect(outcome(`{{ range 1000 }}{{ $x := ${call} }}{{ end }}`, { Vars })).toBe(TOO_MANY_STEPS)
    }
  })

  test('when it keeps too much', () => {
    const grow =
      '{{ $l := list }}{{ range 100000 }}{{ $l = append $l (indent 1000 "\\n\\n\\n\\n\\n\\n\\n\\n\\n") }}{{ end }}'
    expect(outcome(grow)).toBe(TOO_MANY_STEPS)
  })

  test('when values share parts so often that no text could hold them', () => {
    const doubled = '{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}'
    expect(outcome(`${doubled}{{ $x }}`)).toBe(TOO_MANY_STEPS)
    expect(outcome(`${doubled}{{ toJson $x }}`)).toBe(TOO_MANY_STEPS)
    expect(outcome(`${doubled}{{ toYaml $x }}`)).toBe(TOO_MANY_STEPS)
    expect(outcome(`${doubled}{{ printf "%d" $x }}`)).toBe(TOO_MANY_STEPS)
    expect(outcome(`${doubled}{{ len $x }}`)).toBe('1 characters')
  })

  test('when its value shares parts so often that nobody could walk it', () => {
    const levels = Array.from({ length: 40 }, (_, at) => `($x${at + 1} := list $x${at} $x${at})`)
    const parsed = parseTemplate(`{{ index (list ($x0 := list 1) ${levels.join(' ')}) 40 }}`)
    if (!parsed.ok) throw new Error(parsed.errors[0]?.message)
    expect(renderValue(parsed.template, {})).toMatchObject({ ok: false, error: { code: 'limit' } })
  })

  test('when a value is nested too deep', () => {
    const deep = '{{ $x := 1 }}{{ range 50000 }}{{ $x = list $x }}{{ end }}'
    for (const print of ['$x', 'toJson $x', 'toYaml $x', 'printf "%v" $x']) {
      expect(outcome(`${deep}{{ ${print} }}`)).toBe('limit: a value is nested deeper than 100 lists and maps')
    }
  })

  test('when templates call each other without end', () => {
    expect(
      outcome(
        '{{ define "a" }}{{ template "b" }}{{ end }}{{ define "b" }}{{ template "a" }}{{ end }}{{ template "a" }}',
      ),
    ).toBe('limit: {{ template "a" }} is nested 101 calls deep')
  })

  test('when deep blocks call themselves, before the stack ends', () => {
    const body = `${'{{ if 1 }}'.repeat(98)}{{ template "a" ${'('.repeat(100)}.${')'.repeat(100)} }}${'{{ end }}'.repeat(98)}`
    expect(outcome(`{{ define "a" }}${body}{{ end }}{{ template "a" 1 }}`)).toContain('calls deep')
  })
})
