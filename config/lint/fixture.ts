import fc from 'fast-check'

/* Configcrates as authors write them on a bad day: any order, any indentation, comments everywhere. */

const words = fc.constantFrom('nginx', 'web', 'é', '日本', 'a b', '0644', '1.10', '~', 'true', 'x#y', '\u{1f600}')
const comment = fc.constantFrom(
  '# note',
  '#owner: 0644',
  '#',
  '# - name: x',
  '#~~~ banner',
  '#~ stale label',
  '# "quote',
  '#\ttab ',
  '# é 日本',
)
const lineOfText = fc.constantFrom(
  'text',
  '# data',
  '#~ data',
  'key: value',
  '- item',
  '  deeper',
  '\ttabbed',
  'blanks  ',
  '',
  '    ',
  '"quote',
  '{{ .Vars.x }}',
  "it's",
)

/** One entry of a map: the lines of its value, the first one behind the key, the others relative to the key's column. */
interface Value {
  readonly first: string
  readonly more: readonly string[]
}

const plain: fc.Arbitrary<Value> = words.map(first => ({ first, more: [] }))

const quoted: fc.Arbitrary<Value> = fc.oneof(
  fc
    .constantFrom('"a # b"', "'it''s'", '"\\u00e9\\n"', '"{{ .Vars.x }}"', '""', '"yes"')
    .map(first => ({ first, more: [] })),
  fc.constantFrom(
    { first: '"first', more: ['  second # no', '', '    third"'] },
    { first: "'one", more: ['   two  ', " three'"] },
  ),
)

const flow: fc.Arbitrary<Value> = fc.constantFrom(
  { first: '[a, b]', more: [] },
  { first: '[&n x, *n]', more: [] },
  { first: '&m [a]', more: [] },
  { first: '{a: 1, "b": [c, d]}', more: [] },
  { first: '[', more: ['  a, # one', '  # two', '  b', ' ]'] },
  { first: '{a: yes,', more: ['   b: no}'] },
)

const block: fc.Arbitrary<Value> = fc
  .record({
    style: fc.constantFrom('|', '>'),
    chomp: fc.constantFrom('', '', '-', '+'),
    indentation: fc.integer({ min: 1, max: 5 }),
    isGiven: fc.boolean(),
    lines: fc.array(lineOfText, { minLength: 1, maxLength: 5 }),
    comment: fc.option(fc.constantFrom(' # header', ' # h: |'), { nil: '' }),
  })
  .map(({ style, chomp, indentation, isGiven, lines, comment: note }) => {
    const pad = ' '.repeat(indentation)
    const [head = '', ...tail] = lines
    const first = isGiven || head.trim() !== '' ? head.trimStart() || 'x' : 'x'
    const text = [first, ...tail].map(line => (line === '' ? '' : pad + line))
    return { first: `${style}${isGiven ? indentation : ''}${chomp}${note}`, more: text }
  })

const value = fc.oneof({ weight: 3, arbitrary: plain }, quoted, flow, block)

const gap = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant('') }, comment), { maxLength: 3 })

interface Entry {
  readonly key: string
  readonly value: Value
  readonly above: readonly string[]
  readonly aside: string
  /** How much further to the right comments stand than their key. */
  readonly off: number
}

const entryOf = (key: string, of: fc.Arbitrary<Value> = value): fc.Arbitrary<Entry> =>
  fc.record({
    key: fc.constant(key),
    value: of,
    above: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, gap),
    aside: fc.oneof(
      { weight: 4, arbitrary: fc.constant('') },
      comment.map(text => ` ${text}`),
    ),
    off: fc.constantFrom(0, 0, 0, 1, 2, 5),
  })

function linesOf({ key, value: { first, more }, above, aside, off }: Entry, column: number): string[] {
  const pad = ' '.repeat(column)
  const isBlock = /^[|>]/.test(first)
  const body = more.map(line => (line === '' ? '' : pad + line))
  const last = body.pop()
  const tail = last === undefined ? [] : [isBlock || last.trim() === '' ? last : last + aside]
  const head = `${pad}${key}: ${first}${last === undefined ? aside : ''}`
  return [...above.map(line => (line === '' ? '' : ' '.repeat(column + off) + line)), head, ...body, ...tail]
}

const attributes: Readonly<Record<string, readonly string[]>> = {
  file: ['target_path', 'state', 'content', 'owner', 'group', 'mode', 'backup', 'unknown', 'when', 'notify'],
  package: ['package', 'state', 'purge', 'update_cache', 'version', 'depends_on'],
  service: ['service', 'state', 'enabled', 'subscribes', 'before'],
  capistrano: ['command', 'zeta', 'alpha', 'skip_validation', 'foreach'],
}

const resource = fc
  .constantFrom('file', 'package', 'service', 'capistrano')
  .chain(type => {
    const others = fc.subarray([...(attributes[type] ?? [])]).chain(keys => fc.tuple(...keys.map(key => entryOf(key))))
    const own = entryOf('type', fc.constant({ first: type, more: [] }))
    const name = fc.option(entryOf('name', plain), { nil: undefined })
    const spare = fc.array(entryOf('owner', plain), { maxLength: 1 })
    return fc.record({ own, name, others, spare, twice: fc.boolean(), flow: fc.nat(9) })
  })
  .chain(({ own, name, others, spare, twice, flow: style }) => {
    const entries = [own, ...(name === undefined ? [] : [name]), ...others, ...(twice ? spare : [])]
    const all = fc.shuffledSubarray(entries, { minLength: entries.length, maxLength: entries.length })
    return fc.record({
      entries: all,
      above: gap,
      below: gap,
      dash: fc.integer({ min: 1, max: 3 }),
      style: fc.constant(style),
    })
  })

/** A configcrate that YAML can read. */
export const crateText: fc.Arbitrary<string> = fc
  .record({
    resources: fc.array(resource, { maxLength: 4 }),
    column: fc.constantFrom(0, 1, 2, 4),
    deep: fc.constantFrom(0, 0, 1, 3),
    order: fc.shuffledSubarray(['name', 'vars', 'resources', 'description', 'compliance'], { minLength: 3 }),
    name: entryOf('name', fc.constant({ first: 'web', more: [] })),
    description: entryOf('description'),
    variables: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'a'), value), { minLength: 1, maxLength: 4 }),
    compliance: entryOf('compliance', flow),
    head: gap,
    foot: gap,
    marker: fc.constantFrom('', '', '', '---\n', '--- # start\n'),
    ending: fc.constantFrom('\n', '\n', '\n', '\r\n'),
    end: fc.constantFrom('\n', '', '\n\n', '  \n'),
  })
  .map(parts => {
    const sections: Readonly<Record<string, () => readonly string[]>> = {
      name: () => linesOf(parts.name, 0),
      description: () => linesOf(parts.description, 0),
      compliance: () => linesOf(parts.compliance, 0),
      vars: () => [
        'vars: # of it',
        ...parts.variables.flatMap(([key, of], at) =>
          linesOf({ key, value: of, above: at === 1 ? ['# inside', ''] : [], aside: '', off: 0 }, 1 + parts.deep),
        ),
      ],
      resources: () =>
        parts.resources.length === 0
          ? ['resources: []']
          : ['resources:', ...parts.resources.flatMap(each => resourceLines(each, parts.column))],
    }
    const order = parts.order.includes('resources') ? parts.order : [...parts.order, 'resources']
    const lines = [...parts.head, ...order.flatMap(key => sections[key]?.() ?? []), ...parts.foot]
    return parts.marker + lines.join(parts.ending) + parts.end
  })

function resourceLines(
  {
    entries,
    above,
    below,
    dash,
  }: { entries: readonly Entry[]; above: readonly string[]; below: readonly string[]; dash: number },
  column: number,
): string[] {
  const inner = column + 1 + dash
  const [first, ...others] = entries
  if (first === undefined) return []
  const [head = '', ...body] = linesOf({ ...first, above: [] }, inner)
  const pad = ' '.repeat(column)
  const comments = (lines: readonly string[], at: number) =>
    lines.map(line => (line === '' ? '' : ' '.repeat(at) + line))
  return [
    ...comments(above, column),
    `${pad}-${' '.repeat(dash)}${head.trimStart()}`,
    ...body,
    ...others.flatMap(entry => linesOf(entry, inner)),
    ...comments(below, inner),
  ]
}

/** Lines that are awkward, in any order and indentation; most of them make no YAML. */
export const anyLines: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      fc.constantFrom('', '', '  ', '    ', '\t', ' \t'),
      fc.constantFrom(
        'name: x',
        'resources:',
        '- name: y # note',
        'type: file',
        'content: |',
        'content: |+ # keep',
        'b: >-',
        'b: "q # no',
        'more" # yes',
        "c: 'it''s # no'",
        '# note',
        '#~ label',
        '#',
        '',
        'text # tail',
        'key: [1, # one',
        '2]',
        '{a: b, # in',
        'c: d} # out',
        '---',
        '... # end',
        '? complex # key',
        ': value # of it',
        'd: &anchor # a',
        'e: *anchor # b',
        '"a#b": c#d',
        '- - x',
        '-',
        '- &a name: x',
        'enabled: yes',
        '!!str x',
        '<<: *anchor',
      ),
      fc.constantFrom('\n', '\n', '\n', '\r\n', ' \n', '\r', '\t\n'),
    ),
    { maxLength: 14 },
  )
  .map(lines => lines.flat().join(''))
