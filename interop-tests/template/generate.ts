import fc from 'fast-check'

/** What the generated templates see. Every path below exists in it. */
export const data = {
  Vars: {
    name: 'web',
    port: 8080,
    small: -3,
    zero: 0,
    ratio: 1.5,
    on: true,
    off: false,
    empty: '',
    text: 'héllo "w" <b>',
    list: ['b', 'a', '', 'c'],
    numbers: [3, -1, 2],
    none: [],
    map: { b: 'two', a: 'one' },
    users: [
      { name: 'ann', uid: 1001 },
      { name: 'bob', uid: 1002 },
    ],
  },
}

const strings = [
  '.Vars.name',
  '.Vars.empty',
  '.Vars.text',
  '.Vars.map.a',
  '$.Vars.name',
  '(index .Vars.users 1).name',
].map(path => path.replace(/(?<![$\w])\.Vars/, '$.Vars'))
const integers = ['$.Vars.port', '$.Vars.small', '$.Vars.zero', '(index $.Vars.users 0).uid', 'len $.Vars.list']
const lists = ['$.Vars.list', '$.Vars.numbers', '$.Vars.none', '$.Vars.users']

const literalText = fc.stringMatching(/^[a-z é"\\\n%-]{0,6}$/).map(text => JSON.stringify(text))
const integer = fc.oneof(
  fc.integer({ min: -300, max: 300 }).map(String),
  fc.constantFrom('0x1f', '0b101', '0o17', '1_000', "'a'"),
  fc.constantFrom(...integers).map(parenthesized),
)

/** Expressions by the kind of their value, as one operand each. */
const { text, number, truth } = fc.letrec<{ text: string; number: string; truth: string; any: string }>(tie => ({
  text: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...strings),
    literalText,
    fc.tuple(tie('any'), tie('any')).map(([a, b]) => `(print ${a} ${b})`),
    fc.tuple(verb('sqxXv', 's'), tie('text')).map(([format, value]) => `(printf ${format} ${value})`),
    fc.tuple(verb('dxXobcqv', 'd'), tie('number')).map(([format, value]) => `(printf ${format} ${value})`),
    fc
      .tuple(
        verb('efgEGv', 'f'),
        fc.constantFrom('1.5', '-0.25', '1234.5678', '1e-7', '.Vars.ratio'.replace('.', '$.')),
      )
      .map(([format, value]) => `(printf ${format} ${value})`),
    fc
      .tuple(fc.constantFrom('html', 'js', 'urlquery', 'println'), tie('any'))
      .map(([name, value]) => `(${name} ${value})`),
    fc
      .tuple(tie('any'), fc.constantFrom('print', 'html', 'printf "%v"'))
      .map(([value, name]) => `(${value} | ${name})`),
  ),
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    integer,
    tie('text').map(value => `(len ${value})`),
    fc.constantFrom(...lists).map(list => `(len ${list})`),
  ),
  truth: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('true', 'false', '$.Vars.on', '$.Vars.off'),
    fc.tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), tie('number'), tie('number')).map(spaced),
    fc.tuple(fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'), tie('text'), tie('text')).map(spaced),
    tie('any').map(value => `(not ${value})`),
    fc.tuple(fc.constantFrom('and', 'or'), tie('truth'), tie('truth')).map(spaced),
  ),
  any: fc.oneof(
    { depthSize: 'small' },
    tie('text'),
    tie('number'),
    tie('truth'),
    fc.constantFrom(...lists, '$.Vars.map'),
  ),
}))

/** Texts that mean the same to Go and to us, as long as nothing is cut from them. */
export const template: fc.Arbitrary<string> = fc.letrec<{ block: string; part: string }>(tie => ({
  block: fc.array(tie('part'), { maxLength: 3, depthIdentifier: 'block' }).map(parts => parts.join('')),
  part: fc.oneof(
    { depthIdentifier: 'block', depthSize: 'small', withCrossShrink: true },
    fc.stringMatching(/^[a-z \n{}-]{0,5}$/).map(plain => plain.replaceAll('{{', '{')),
    action(fc.oneof(text, number, truth)),
    action(fc.oneof(text, number).map(value => `$x := ${value}`)),
    fc.constantFrom('{{/* note */}}', ' {{- /* note */ -}} '),
    fc
      .tuple(action(truth.map(value => `if ${value}`)), tie('block'), tie('block'))
      .map(([open, a, b]) => `${open}${a}{{else}}${b}{{end}}`),
    fc
      .tuple(
        action(truth.map(value => `if ${value}`)),
        tie('block'),
        action(truth.map(value => `else if ${value}`)),
        tie('block'),
      )
      .map(([open, a, second, b]) => `${open}${a}${second}${b}{{ end -}}`),
    fc
      .tuple(action(text.map(value => `with ${value}`)), tie('block'))
      .map(([open, a]) => `${open}{{ . }}${a}{{ end }}`),
    fc
      .tuple(fc.constantFrom(...lists, '$.Vars.map', '3'), tie('block'), tie('block'))
      .map(([over, a, b]) => `{{ range ${over} }}[{{ . }}${a}]{{ else -}} ${b} {{- end }}`),
    fc
      .tuple(fc.constantFrom(...lists, '$.Vars.map'), tie('block'), fc.constantFrom('break', 'continue'))
      .map(
        ([over, a, jump]) =>
          `{{ range $i, $e := ${over} }}{{ $i }}{{ if eq (print $i) "1" "b" }}{{ ${jump} }}{{ end }}${a}{{ $e }}{{ end }}`,
      ),
  ),
})).block

/** The template with a few characters lost, doubled or replaced: most are no templates any more. */
export const damaged: fc.Arbitrary<string> = fc
  .tuple(
    template,
    fc.array(
      fc.tuple(fc.nat(), fc.constantFrom('', '', ' ', '{', '}', '(', ')', '|', '"', '.', '-', '$', 'end', '{{ end }}')),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([whole, edits]) =>
    edits.reduce((current, [position, put]) => {
      const at = current.length === 0 ? 0 : position % current.length
      return current.slice(0, at) + put + current.slice(at + 1)
    }, whole),
  )

function action(inner: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom('{{', '{{ ', '{{- '), inner, fc.constantFrom('}}', ' }}', ' -}}'))
    .map(parts => parts.join(''))
}

/** `"%-5d"`: flags, width and precision with one of the letters. */
function verb(letters: string, usual: string): fc.Arbitrary<string> {
  const flags =
    usual === 's'
      ? ['', '-', '0', ' ']
      : usual === 'd'
        ? ['', '-', '0', '+', ' ', '#', '+0', '-+']
        : ['', '-', '0', '+', ' ']
  return fc
    .tuple(
      fc.constantFrom(...flags),
      fc.constantFrom('', '1', '6', '12'),
      fc.constantFrom('', '', '.0', '.1', '.3', '.'),
      fc.constantFrom(usual, ...letters.split('')),
    )
    .map(parts => `"%${parts.join('')}"`)
}

function parenthesized(expression: string): string {
  return expression.includes(' ') ? `(${expression})` : expression
}

function spaced(parts: readonly string[]): string {
  return `(${parts.join(' ')})`
}
