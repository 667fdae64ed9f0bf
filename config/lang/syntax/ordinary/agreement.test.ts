import { globSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Diagnostics } from '../../diagnostic.ts'
import type { Node } from '../../node.ts'
import { blocksOfTokens } from '../blocks/blocks-of-tokens.ts'
import { blocksOf } from '../blocks/index.ts'
import { MAX_DEPTH, MAX_NODES } from '../limits.ts'
import { parseByLibrary } from '../parse.ts'
import { lexemesByLibrary, tokensOf } from '../tokens.ts'
import { ordinaryLexemes, readOrdinary } from './index.ts'
import { editedText, treeText } from './yaml-texts.ts'

/** What the reader says of a text, and what the library does; undefined where the reader leaves it to the library. */
function bothOf(text: string) {
  const file = { path: 'web.vgo', text }
  const ordinary = readOrdinary(file)
  if (ordinary === undefined) return undefined
  const diagnostics = new Diagnostics()
  const { root, isWhole } = parseByLibrary(file, diagnostics)
  const tokens = tokensOf(file, diagnostics) ?? []
  return {
    ours: {
      root: placesOf(ordinary.root),
      lexemes: Array.from(ordinary.lexemes),
      blocks: blocksOf(file),
      isWhole: true,
      found: [],
    },
    theirs: {
      root: root && placesOf(root),
      lexemes: Array.from(lexemesByLibrary(file) ?? []),
      blocks: blocksOfTokens(tokens),
      isWhole,
      found: diagnostics.sorted,
    },
  }
}

/** The node with its keys in their order. */
function placesOf(node: Node): unknown {
  const place = [node.span.start, node.span.end]
  if (node.kind === 'list') return [place, node.items.map(placesOf)]
  if (node.kind === 'scalar') return [place, node.style, node.source, node.value]
  return [
    place,
    Array.from(node.entries, ([key, entry]) => [
      [key, entry.key, entry.keySpan.start, entry.keySpan.end],
      placesOf(entry.value),
    ]),
  ]
}

function expectAgreement(text: string): boolean {
  const both = bothOf(text)
  if (both !== undefined) expect(both.ours).toEqual(both.theirs)
  expectLexemes(text, both !== undefined)
  return both !== undefined
}

/** Whoever wants no values is told the same lexemes, also where it is the values that are unusual. */
function expectLexemes(text: string, isOrdinary: boolean): void {
  const lexemes = ordinaryLexemes(text)
  if (lexemes === undefined) expect(isOrdinary).toBe(false)
  else expect(Array.from(lexemes)).toEqual(Array.from(lexemesByLibrary({ path: 'web.vgo', text }) ?? []))
}

function expectOrdinary(text: string): void {
  expect(expectAgreement(text)).toBe(true)
}

describe('a file of ordinary YAML', () => {
  const examples = globSync('stacks-examples/**/*.vgo')

  test('is what most examples are, read as the library reads them', () => {
    const isOrdinary = examples.map(path => expectAgreement(readFileSync(path, 'utf8')))
    expect(isOrdinary.filter(Boolean).length / examples.length).toBeGreaterThan(0.8)
  })

  test.each([
    [
      'maps, lists and scalars',
      'name: web\nresources:\n  - name: a\n    mode: "0644"\n    on: [x, \'y\']\n  - b\nlast: {a: 1}\n',
    ],
    ['a list at the column of its key', 'a:\n- b\n- c: d\n  e: f\ng: h\n'],
    ['texts of several lines', 'a: |\n  b\n\n    c\n\nd: >-\n  e\n  f\n\n    g\nh:\n  - |-\n    i\n'],
    ['comments everywhere', '# a\n\nb: # c\n  # d\n  e: f # g\n    # h\n  # i\nj: k # l\n# m\n'],
    ['comments below a list that are indented like it, and deeper', 'a:\n  - b\n    # c\n  # d\n# e\nf: g\n'],
    ['comments that close some blocks and not others', 'a:\n  b:\n    c: d\n   # e\nf: g\n'],
    ['no line feed at its end', 'a:\n  - b: c # d'],
    ['keys in quotes', '"a b": c\n\'*.d\': e\n'],
    [
      'what is no text',
      'a: 0644\nb: ~\nc: True\nd: 0x1F\ne: 0o17\nf: -1.50\ng: 1e3\nh: .5\ni: 12345678901234567890\nj: nUll\n',
    ],
    ['words that look like more', 'a: -b\nc: d:e\nf: g#h\ni: "j: k # l"\nm: http://n/?o=p&q\nr: [s/t, -1, a=b]\n'],
    ['blanks at ends of lines', 'a:  b  \nc: \n  d: "e"  \nf: [ g ,  h ]  \n'],
  ])('with %s means what the library says', (_, text) => {
    expectOrdinary(text)
  })

  test.each([
    ['equal keys', 'a: b\n"a": c\nd: {e: f, e: g}\n'],
    ['merge keys', '"<<": {a: b}\n'],
    ['numbers that are none', 'a: .inf\n'],
  ])('with %s has the same lexemes, though the library reads its values', (_, text) => {
    expect(ordinaryLexemes(text)).toBeDefined()
    expect(expectAgreement(text)).toBe(false)
  })

  test('of any shape is read as the library reads it', () => {
    fc.assert(
      fc.property(fc.gen(), g => void expectAgreement(treeText(g))),
      { numRuns: 1500 },
    )
  })

  test('is still read as the library reads it after any edit', () => {
    fc.assert(
      fc.property(fc.gen(), g => void expectAgreement(editedText(g, treeText(g)))),
      { numRuns: 1500 },
    )
  })

  test('is no rarity among those shapes', () => {
    const texts = fc.sample(fc.gen().map(treeText), { numRuns: 300, seed: 1 })
    expect(texts.filter(text => expectAgreement(text)).length).toBeGreaterThan(100)
  })
})

describe('the library reads', () => {
  test.each([
    ['an empty file', ''],
    ['a file of comments', '# a\n'],
    ['a list', '- a\n'],
    ['a word', 'a\n'],
    ['documents', '---\na: b\n'],
    ['directives', '%YAML 1.2\n---\na: b\n'],
    ['anchors and aliases', 'a: &b c\nd: *b\n'],
    ['tags', 'a: !!str b\n'],
    ['merge keys', '"<<": {a: b}\n'],
    ['equal keys', 'a: b\n"a": c\n'],
    ['equal keys in brackets', 'a: {b: c, b: d}\n'],
    ['keys without a value', 'a:\nb: c\n'],
    ['keys with ?', '? a\n: b\n'],
    ['lists of lists on one line', 'a:\n  - - b\n'],
    ['plain text of several lines', 'a: b\n  c\n'],
    ['quoted text of several lines', 'a: "b\n  c"\n'],
    ['escapes', 'a: "b\\n"\n'],
    ['brackets over several lines', 'a: [b,\n  c]\n'],
    ['templates without quotes', 'a: {{ .Vars.b }}\n'],
    ['texts that say how far they are indented', 'a: |2\n  b\n'],
    ['texts that keep their final lines', 'a: |+\n  b\n\n'],
    ['texts of nothing but blanks', 'a: |\n  \t\n'],
    ['tabs', 'a:\tb\n'],
    ['carriage returns', 'a: b\r\n'],
    ['byte order marks', '\ufeffa: b\n'],
    ['control characters', 'a: "\u0001"\n'],
    ['indented maps', '  a: b\n'],
    ['what is indented by nobody', 'a:\n    b: c\n  d: e\n'],
    ['a colon too many', 'a: b: c\n'],
    ['numbers that are none', 'a: .inf\n'],
    ['very deep files', `a: ${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}\n`],
    ['very large files', `a: [${'b,'.repeat(MAX_NODES / 2)}b]\n`],
  ])('%s', (_, text) => {
    expect(readOrdinary({ path: 'web.vgo', text })).toBeUndefined()
  })
})
