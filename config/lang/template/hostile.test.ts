import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTemplate, renderTemplate, renderValue, templateFunctions, type Value } from './index.ts'

const pieces = [
  '{{ {{- }} -}} ( ) | , := = . $ $x - /* */ .Vars .a .b 0 1 3 1.5 "a" `%d` true nil é 😀'.split(' '),
  'if else end range with define block template break continue'.split(' ').map(word => `${word} `),
  [' ', '\n', '"', '`', "'", '\\', "'x'", '\u0000', '\ud800', '"%s %5d %x"'],
  ['{{ end }}', '{{ if .Vars.a }}', '{{ range .Vars.b }}', '{{ else }}', '{{ with .Vars }}', '{{ range 9 }}'],
  ['{{ $x := 1 }}', '{{ $x }}', '{{ . }}', '{{ define "a" }}', '{{ template "a" . }}'],
  [...templateFunctions.keys()].map(name => `${name} `),
].flat()

const text = fc
  .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3, unit: 'binary' })), { maxLength: 40 })
  .map(parts => parts.join(''))

const value: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Value>(
      '',
      'text',
      0,
      -1,
      2,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      true,
      false,
      null,
      '__proto__',
    ),
    fc.string(),
    fc.double(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'x y'), tie('value'), { maxKeys: 3 }),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), tie('value')), { maxLength: 3 }).map(entries => new Map(entries)),
  ),
})).value

/** A call of every function with arguments of every kind. */
const call = fc
  .tuple(
    fc.constantFrom(...templateFunctions.keys()),
    fc.array(
      fc.constantFrom(
        '.Vars.a',
        '.Vars.b',
        '1',
        '-1',
        '"a"',
        '"%v"',
        'nil',
        '.Vars.c',
        '(list)',
        '0',
        'true',
        '(dict)',
      ),
      { maxLength: 4 },
    ),
  )
  .map(([name, values]) => `{{ ${[name, ...values].join(' ')} }}`)

function render(source: string, data: Record<string, Value>): void {
  const parsed = parseTemplate(source)
  if (!parsed.ok) {
    expect(parsed.errors.length).toBeGreaterThan(0)
    for (const { offset, length, message } of parsed.errors) {
      expect(message).not.toBe('')
      expect(offset >= 0 && length >= 0 && offset + length <= source.length).toBe(true)
    }
    return
  }
  const limits = { steps: 20_000 }
  const rendered = renderTemplate(parsed.template, data, limits)
  if (rendered.ok) expect(typeof rendered.text).toBe('string')
  else {
    const { offset, length, message } = rendered.error
    expect(message).not.toBe('')
    expect(offset >= 0 && length >= 0 && offset + length <= source.length).toBe(true)
  }
  expect(renderTemplate(parsed.template, data, limits)).toEqual(rendered)
  expect(renderValue(parsed.template, data, limits).ok || !rendered.ok || parsed.template.single !== undefined).toBe(
    true,
  )
}

describe('whatever the text and the data are', () => {
  test('reading and rendering end with a result, at places within the text', () => {
    fc.assert(
      fc.property(text, value, value, (source, a, b) => render(source, { Vars: { a, b } })),
      { numRuns: 3000 },
    )
  })

  test('functions take arguments of any kind, or say what is wrong with them', () => {
    fc.assert(
      fc.property(call, value, value, value, (source, a, b, c) => render(source, { Vars: { a, b, c } })),
      { numRuns: 5000 },
    )
  })

  test('a text without braces stays as it is', () => {
    fc.assert(
      fc.property(fc.string(), source => {
        fc.pre(!source.includes('{{'))
        const parsed = parseTemplate(source)
        expect(parsed.ok && renderTemplate(parsed.template, {})).toEqual({ ok: true, text: source })
      }),
    )
  })

  test('a text in backquotes stays as it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, inner) => {
        fc.pre(!`${before}{{`.slice(0, -1).includes('{{') && !/[`\r]/.test(inner) && !before.endsWith('{'))
        const parsed = parseTemplate(`${before}{{ \`${inner}\` }}`)
        expect(parsed.ok && renderTemplate(parsed.template, {})).toEqual({ ok: true, text: before + inner })
      }),
    )
  })

  test('a quoted text reads back as itself', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), inner => {
        const quoted = parseTemplate('{{ quote .Vars }}')
        const literal = quoted.ok ? renderTemplate(quoted.template, { Vars: inner }) : quoted
        if (!('text' in literal)) throw new Error('quote failed')
        const parsed = parseTemplate(`{{ ${literal.text} }}`)
        expect(parsed.ok && renderTemplate(parsed.template, {})).toEqual({ ok: true, text: inner })
      }),
    )
  })
})

describe('hostile texts take linear work', () => {
  const SIZE = 300_000

  test.each([
    ['open actions', '{{'.repeat(SIZE)],
    ['open strings', '{{"'.repeat(SIZE)],
    ['open comments', '{{/*'.repeat(SIZE)],
    ['trim markers', '{{- '.repeat(SIZE)],
    ['spaces before a marker', `${' '.repeat(SIZE)}{{- 1 -}}${' '.repeat(SIZE)}x`],
    ['spaces in an action', `{{ 1${' '.repeat(SIZE)} }}`],
    ['a long string', `{{ "${'a'.repeat(SIZE)}" }}`],
    ['backslashes', `{{ "${'\\\\'.repeat(SIZE)}" }}`],
    ['a long number', `{{ ${'1'.repeat(SIZE)} }}`],
    ['underscores', `{{ 1${'_1'.repeat(SIZE)}_ }}`],
    ['digits and points', `{{ ${'1.'.repeat(SIZE)} }}`],
    ['a long name', `{{ .Vars.${'a'.repeat(SIZE)} }}`],
    ['a long function', `{{ ${'a'.repeat(SIZE)} }}`],
    ['a long pipeline', `{{ 1${'|print'.repeat(SIZE / 10)} }}`],
    ['many arguments', `{{ print${' 1'.repeat(SIZE)} }}`],
    ['many ends', '{{ end }}'.repeat(SIZE / 10)],
    ['many variables', `{{ $x := 1 }}${'{{ $x := $x }}'.repeat(SIZE / 30)}`],
    ['many definitions', Array.from({ length: SIZE / 100 }, (_, at) => `{{ define "${at}" }}x{{ end }}`).join('')],
    ['many branches', `{{ if 0 }}${'{{ else if 0 }}'.repeat(SIZE / 30)}{{ end }}`],
  ])('%s', (_name, source) => {
    render(source, { Vars: {} })
  })
})
