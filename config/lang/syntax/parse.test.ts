import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { plainOf } from '../attribute/index.ts'
import { Diagnostics } from '../diagnostic.ts'
import type { Node, ScalarNode } from '../node.ts'
import { placeOf } from '../source.ts'
import { parseSource, placeInside } from './index.ts'

function parse(text: string): Node | undefined {
  const diagnostics = new Diagnostics()
  const { root } = parseSource({ path: 'web.vgo', text }, diagnostics)
  expect(diagnostics.sorted).toEqual([])
  return root
}

function scalarOf(text: string): ScalarNode {
  const root = parse(text)
  const node = root?.kind === 'map' ? root.entries.values().next().value?.value : undefined
  if (node?.kind !== 'scalar') throw new Error(`no scalar in ${text}`)
  return node
}

describe('the values of a file', () => {
  test('are those of YAML 1.2', () => {
    const text = 'a: 0644\nb: yes\nc: ~\nd: 0x10\ne: "1"\nf: 1.50\ng: 2026-01-01\nh: True\n'
    const root = parse(text)
    expect(root && plainOf(root)).toEqual({
      a: 644,
      b: 'yes',
      c: null,
      d: 16,
      e: '1',
      f: 1.5,
      g: '2026-01-01',
      h: true,
    })
  })

  test('keep how they are written, and where', () => {
    const mode = scalarOf('mode: 0644 # octal\n')
    expect(mode).toMatchObject({ value: 644, source: '0644', style: 'plain' })
    expect(placeOf(mode.span)).toBe('web.vgo:1:7')
    expect(scalarOf('x: "a\\tb"\n')).toMatchObject({ value: 'a\tb', source: 'a\tb', style: 'quoted' })
    expect(scalarOf('x: |\n  a\n  b\n')).toMatchObject({ value: 'a\nb\n', style: 'block' })
    expect(scalarOf('x: 12345678901234567890\n').value).toBe('12345678901234567890')
  })

  test('are the same with carriage returns and a byte order mark', () => {
    const root = parse('\ufeffa: 1\r\nb:\r\n  - x\r\n  - |\r\n    y\r\n')
    expect(root && plainOf(root)).toEqual({ a: 1, b: ['x', 'y\n'] })
  })

  test.each(['', '\n\n', '# only a comment\n', '---\n', '~\n'])('are none in %j', text => {
    const root = parse(text)
    expect(root === undefined || plainOf(root) === null).toBe(true)
  })

  test('of an alias are those of its anchor', () => {
    const root = parse('base: &b {x: [1, 2]}\nmore: *b\nlist: [*b]\n')
    expect(root && plainOf(root)).toEqual({ base: { x: [1, 2] }, more: { x: [1, 2] }, list: [{ x: [1, 2] }] })
  })

  test('of any document that a program wrote are what it wrote', () => {
    const key = fc.string({ minLength: 1, maxLength: 8 }).filter(text => text !== '<<')
    const { value } = fc.letrec(tie => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 5 }), document => {
        const text = stringify(document, { lineWidth: 0 })
        const root = parse(text)
        expect(root && plainOf(root)).toEqual(document)
      }),
    )
  })
})

describe('a place inside a value', () => {
  const marked = fc
    .array(fc.constantFrom('a', 'bb', ' ', '\n', '\n\n', '  ', 'é'), { maxLength: 12 })
    .map(parts => `x${parts.join('')}`)

  test.each([
    ['plain', (text: string) => `key: ${text}`],
    ['double-quoted', (text: string) => `key: "${text}"`],
    ['single-quoted', (text: string) => `  key:   '${text}' # comment`],
    ['literal', (text: string) => `key: |\n${text.replaceAll(/^(?=.)/gm, '    ')}\nother: 1`],
    ['literal, with a sign', (text: string) => `a:\n  - key: |2-\n${text.replaceAll(/^(?=.)/gm, '      ')}\n`],
    [
      'literal, with carriage returns',
      (text: string) => `key: |\r\n${text.replaceAll(/^(?=.)/gm, '  ').replaceAll('\n', '\r\n')}\r\n`,
    ],
  ])('of a %s scalar is where the text stands', (style, write) => {
    fc.assert(
      fc.property(marked, fc.nat(30), (text, position) => {
        const content = style.startsWith('literal') ? text : text.replaceAll('\n', ' ').trim()
        const node = scalarNamed(parse(write(content)))
        const at = position % node.source.length
        if (node.source[at] === '\n') return
        const { file, start, end } = placeInside(node, at, at + 1)
        expect(file.text.slice(start, end)).toBe(node.source[at])
        const line = node.source.slice(0, at).split('\n').length
        expect(file.text.slice(node.span.start, start).split('\n').length).toBe(
          line + (style.startsWith('literal') ? 1 : 0),
        )
      }),
    )
  })

  test('of a folded or escaped scalar is the scalar', () => {
    const folded = scalarOf('key: >\n  a\n  b\n')
    expect(placeInside(folded, 2, 3)).toEqual(folded.span)
    const escaped = scalarOf('key: "a\\tb{{ x"\n')
    expect(placeInside(escaped, 3, 5)).toEqual(escaped.span)
  })
})

function scalarNamed(node: Node | undefined): ScalarNode {
  if (node?.kind === 'list') return scalarNamed(node.items[0])
  if (node?.kind !== 'map') throw new Error('no map')
  const value = node.entries.get('key')?.value
  return value?.kind === 'scalar' ? value : scalarNamed(node.entries.get('a')?.value)
}
