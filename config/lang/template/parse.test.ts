import { describe, expect, test } from 'vitest'
import { type ParseOptions, parseTemplate, renderTemplate } from './index.ts'
import { MAX_NESTING, MAX_PROBLEMS, MAX_TEMPLATE_UNITS } from './limits.ts'

function errorsOf(text: string, options?: ParseOptions) {
  const parsed = parseTemplate(text, options)
  return parsed.ok ? [] : parsed.errors
}

/** The messages with what they point at. */
function marked(text: string): string[] {
  return errorsOf(text).map(({ offset, length, message }) => `${text.slice(offset, offset + length)} — ${message}`)
}

describe('reading a template', () => {
  test('reports every error of a text in order, each at its place', () => {
    const text = '{{ uppr .Vars.a }}\n{{ if .Vars.b }}\n{{ .Vars.c | }}\n{{ $x }}\n{{ end }}\n{{ end }}\n{{ eq 1 }}'
    expect(marked(text)).toEqual([
      "uppr — there is no function 'uppr'",
      '}} — something is missing after the |',
      "$x — the variable '$x' is not declared here",
      '{{ end }} — {{ end }} without an open {{ if }}, {{ with }} or {{ range }}',
      "eq — 'eq' takes at least 2 arguments, not 1",
    ])
  })

  test('goes on behind an action that was not closed', () => {
    expect(marked('a {{ .Vars.x } b {{ nope }} {{ .Vars.y {{ .Vars.z }} {{ "open }} {{ wrong }}')).toEqual([
      '} — an action ends with }}, not with }',
      "nope — there is no function 'nope'",
      '{{ — this action has no }} before the next one starts',
      '" — a " has no closing " on its line',
      "wrong — there is no function 'wrong'",
    ])
  })

  test('a condition that cannot be read does not make its end look lost', () => {
    expect(marked('{{ if eq }}{{ range $i, $e := nope }}{{ $i }}{{ $e }}{{ end }}{{ else if ) }}{{ end }}')).toEqual([
      "eq — 'eq' takes at least 2 arguments, not 0",
      "nope — there is no function 'nope'",
      ') — {{ if }} has no value',
    ])
  })

  test('points at the block that is never ended', () => {
    expect(marked('{{ if .Vars.a }}{{ range .Vars.b }}{{ end }}')).toEqual([
      '{{ if .Vars.a }} — this {{ if }} has no {{ end }}',
    ])
  })

  test('says what mends an error', () => {
    const hints = (text: string) => errorsOf(text).map(({ hint }) => hint)
    expect(hints('{{ joim "," .Vars.l }}')).toEqual(["did you mean 'join'?"])
    expect(hints('{{ redis_port }}')).toEqual(['a variable is written .Vars.redis_port, text "redis_port"'])
    expect(hints('{{ .Vars.my-key }}')).toEqual([
      'a key that is no plain name is read with index: index .Vars "my-key"',
    ])
    expect(hints('{{ $name := 1 }}{{ $nmae }}')).toEqual(["did you mean '$name'?"])
    expect(hints('{{ if .Vars.a && .Vars.b }}{{ end }}')).toEqual([
      'templates have functions, not operators: add A B, lt A B, and A B, not A',
    ])
    expect(hints('{{ $x = 1 }}')).toEqual(['a new variable is declared with $x :='])
    expect(hints('{{ define "header" }}{{ end }}{{ template "haeder" }}')).toEqual(["did you mean 'header'?"])
    expect(hints('{{ split "," }}')).toEqual(['write split SEPARATOR TEXT'])
  })

  test('stops at twenty errors', () => {
    expect(errorsOf('{{ nope }}'.repeat(500))).toHaveLength(MAX_PROBLEMS)
    expect(errorsOf('{{ if 1 }}{{ else }}'.concat('{{ else }}'.repeat(50_000)))).toHaveLength(MAX_PROBLEMS)
  })

  test('a text without actions is plain', () => {
    const parsed = parseTemplate('a { b }} c')
    expect(parsed).toEqual({
      ok: true,
      template: { text: 'a { b }} c', isPlain: true, usesVariables: [], program: undefined, single: undefined },
    })
  })
})

describe('placeholders of other programs', () => {
  const placeholders = ['secret_file']

  test('stay as they are, with or without spaces', () => {
    const text = 'mysql --defaults-file={{secret_file}} {{ secret_file }} {{ .Vars.db }}'
    const parsed = parseTemplate(text, { placeholders })
    if (!parsed.ok) throw new Error('the placeholder was not accepted')
    const rendered = renderTemplate(parsed.template, { Vars: { db: 'shop' } })
    expect(rendered).toEqual({ ok: true, text: 'mysql --defaults-file={{secret_file}} {{ secret_file }} shop' })
  })

  test('alone make a plain text', () => {
    const parsed = parseTemplate('cat {{secret_file}}', { placeholders })
    expect(parsed.ok && parsed.template.isPlain).toBe(true)
  })

  test('are errors where they were not announced', () => {
    expect(errorsOf('{{secret_file}}').map(({ message }) => message)).toEqual(["there is no function 'secret_file'"])
    expect(errorsOf('{{secret_files}}', { placeholders })).toHaveLength(1)
  })
})

describe('what is too large', () => {
  test('a text', () => {
    expect(errorsOf(`{{ 1 }}${'x'.repeat(MAX_TEMPLATE_UNITS)}`)).toMatchObject([{ code: 'limit' }])
  })

  test('blocks in blocks', () => {
    const nested = (depth: number) => '{{ if 1 }}'.repeat(depth) + '{{ end }}'.repeat(depth)
    expect(errorsOf(nested(MAX_NESTING))).toEqual([])
    expect(errorsOf(nested(MAX_NESTING + 1))).toMatchObject([{ code: 'limit', offset: MAX_NESTING * 10 }])
    expect(errorsOf('{{ if 1 }}'.repeat(50_000))).toMatchObject([{ code: 'limit' }])
  })

  test('parentheses in parentheses', () => {
    const nested = (depth: number) => `{{ ${'('.repeat(depth)}1${')'.repeat(depth)} }}`
    expect(errorsOf(nested(MAX_NESTING))).toEqual([])
    expect(errorsOf(nested(MAX_NESTING + 1))).toMatchObject([{ code: 'limit' }])
    expect(errorsOf(`{{ ${'('.repeat(100_000)} }}`)).toMatchObject([{ code: 'limit' }])
  })

  test('a chain of names', () => {
    expect(errorsOf(`{{ ${'.a'.repeat(64)} }}`)).toEqual([])
    expect(errorsOf(`{{ ${'.a'.repeat(65)} }}`)).toMatchObject([{ code: 'limit' }])
  })
})
