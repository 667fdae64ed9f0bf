import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { LexemeKind, lexemesOf } from '#config/lang'
import { stripComments as strip } from './strip-comments.ts'

const stripComments = (text: string) => strip({ path: 'crate.vgo', text })

const stripped = (text: string): string => {
  const { text: result, isComplete } = stripComments(text)
  expect(isComplete).toBe(true)
  return result
}

describe('stripComments', () => {
  test('removes labels, notes and commented-out attributes, and nothing else', () => {
    const source = [
      '#~ Manages file',
      '# by alice',
      'name: motd   # the message',
      '',
      'resources:',
      '  #~ Deploy /etc/motd',
      '  - type: file # a file',
      '    # owner: 0644',
      '    target_path: "/etc/motd # no"',
      "    group: 'it''s # no' # yes",
      '    content: |  # header',
      '      # data',
      '      echo "#"  # data',
      '',
      '# end',
      '',
    ].join('\n')
    expect(stripped(source)).toBe(
      [
        'name: motd',
        '',
        'resources:',
        '  - type: file',
        '    target_path: "/etc/motd # no"',
        "    group: 'it''s # no'",
        '    content: |',
        '      # data',
        '      echo "#"  # data',
        '',
        '',
      ].join('\n'),
    )
  })

  test('leaves a text without comments byte for byte', () => {
    for (const text of ['', 'a: b#c\n', 'a: "x # y"\r\nb: >\r\n  # z\r\n', 'url: http://h/#top\n', '- a#\n']) {
      expect(stripped(text)).toBe(text)
    }
  })

  test.each([
    ['a flow', 'a: [1, # one\n  # two\n  2] # three\n', 'a: [1,\n  2]\n'],
    ['line endings of Windows', '# x\r\na: 1 # y\r\n# z\r\n', 'a: 1\r\n'],
    ['a byte order mark', '\ufeff# x\na: 1\n', '\ufeffa: 1\n'],
    [
      'several documents',
      '%YAML 1.2 # v\n--- # one\na: 1\n... # end\n# between\n--- # two\nb: 2\n',
      '%YAML 1.2\n---\na: 1\n...\n---\nb: 2\n',
    ],
    ['anchors and tags', 'a: &x !!str # t\n  b\nc: *x # z\n', 'a: &x !!str\n  b\nc: *x\n'],
    ['no final line ending', 'a: 1\n  # end', 'a: 1\n'],
    ['nothing but comments', '# a\n#b\n', ''],
    ['a quoted scalar of several lines', 'a: "x # no\n  # no\n  y" # yes\n', 'a: "x # no\n  # no\n  y"\n'],
    ['tabs before a comment', 'a: 1\t# x\n', 'a: 1\n'],
  ])('knows %s', (_name, source, result) => {
    expect(stripped(source)).toBe(result)
  })

  test('keeps the mark of a comment that ends a block scalar which would grow without it', () => {
    const source = 'a: |+\n  text\n# why\n\nb: 1 # more\n'
    expect(stripped(source)).toBe('a: |+\n  text\n#\n\nb: 1 #\n')
  })

  test('removes such a comment where the block scalar does not keep its final lines', () => {
    expect(stripped('a: |\n  text\n# why\n\nb: 1\n')).toBe('a: |\n  text\n\nb: 1\n')
  })

  test('keeps all comments of a text that the lexer cannot be trusted with, and says so', () => {
    const text = 'a: "\u001f" # x\n'
    expect(stripComments(text)).toEqual({ text, isComplete: false })
  })

  test('keeps the values of everything that it strips, leaves no comment with words, and does nothing the second time', () => {
    fc.assert(
      fc.property(fc.oneof(yamlText, crateText), text => {
        const { text: result, isComplete } = stripComments(text)
        expect(stripComments(result).text).toBe(result)
        expect(outcome(result)).toEqual(outcome(text))
        if (!isComplete) return
        const lexemes = Array.from(lexemesOf({ path: 'crate.vgo', text: result }) ?? [])
        const comments = lexemes.filter(({ kind }) => kind === LexemeKind.comment)
        expect(comments.every(({ start, end }) => result.slice(start, end) === '#')).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })
})

/** Lines as crates have them, and lines that are awkward, in any order and indentation. */
const line = fc.constantFrom(
  'name: x',
  '- name: y # note',
  'a: |',
  'a: |+ # keep',
  'a: >-',
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
  '\tx # tab',
)

const yamlText = fc
  .array(fc.tuple(fc.constantFrom('', '', '  ', '    '), line, fc.constantFrom('\n', '\n', '\n', '\r\n', ' \n')), {
    maxLength: 12,
  })
  .map(lines => lines.flat().join(''))

const entries = [
  (key: string) => `${key}: plain # note\n`,
  (key: string) => `${key}: |\n  # data\n  text # data\n`,
  (key: string) => `${key}: |+ # keeps\n  text\n\n`,
  (key: string) => `${key}: >- # folds\n  # data\n\n   more\n`,
  (key: string) => `${key}: "q # no\n  more" # yes\n`,
  (key: string) => `${key}:\n  # nested\n  - a: 1 # one\n\n    # two\n    b: |2\n       # data\n  - [x, # y\n    z]\n`,
  (key: string) => `? ${key} # complex\n: !!str # tagged\n  value\n`,
  () => '# a line\n',
  () => '    # far right\n',
  () => '\n',
  () => ' \n',
]

/** A map whose every text is valid, with comments in all places. */
const crateText = fc
  .array(fc.constantFrom(...entries), { maxLength: 8 })
  .map(chosen => `name: x\n${chosen.map((entry, index) => entry(`k${index}`)).join('')}`)

/** Values, or that there are none. */
function outcome(text: string): unknown {
  try {
    const documents = [...parseAllDocuments(text, { logLevel: 'silent' })]
    if (documents.some(({ errors }) => errors.length > 0)) return 'invalid'
    return documents.map(document => document.toJS({ maxAliasCount: 100 }))
  } catch {
    return 'invalid'
  }
}
