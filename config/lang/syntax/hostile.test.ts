import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Diagnostics, renderDiagnostic } from '../diagnostic.ts'
import { syntaxComplaints } from '../fixture.ts'
import type { Node } from '../node.ts'
import { decodeSource, MAX_NODES, MAX_SOURCE_BYTES, parseSource, refuseSize } from './index.ts'

const megabyte = (piece: string) => piece.repeat(Math.floor(MAX_SOURCE_BYTES / piece.length))

function decodingComplaints(bytes: Uint8Array): string {
  const diagnostics = new Diagnostics()
  decodeSource('web.vgo', bytes, diagnostics)
  return `\n${diagnostics.sorted.map(renderDiagnostic).join('\n')}\n`
}

describe('a hostile file', () => {
  test('of 100 MB is refused by its size, before it is read', () => {
    const diagnostics = new Diagnostics()
    refuseSize('web.vgo', 100 * 1024 * 1024, diagnostics)
    expect(diagnostics.sorted.map(renderDiagnostic).join('\n')).toMatchInlineSnapshot(`
      "web.vgo:1:1: error: the file has 104857600 bytes; a file of the stacks tree has at most 1048576 (1 MiB) [file-too-large]
        split it into several files; large contents go into a template, or into an artifact that a resource fetches"
    `)
    expect(decodingComplaints(new Uint8Array(MAX_SOURCE_BYTES + 1))).toMatch(/1048577 bytes.*at most 1048576/)
    expect(syntaxComplaints(`${megabyte('ä')}`)).toMatch(/at most 1048576 \(1 MiB\)/)
  })

  test('that is no text is refused', () => {
    expect(decodingComplaints(Uint8Array.of(0x61, 0x3a, 0x20, 0xc3, 0x28))).toMatchInlineSnapshot(`
      "
      web.vgo:1:1: error: the file is not UTF-8 text: byte 5 is not part of a character [not-text]
        save it as UTF-8; a binary file does not belong below stacks under the name of a .vgo or .tmpl file
      "
    `)
    expect(decodingComplaints(Uint8Array.of(0x61, 0xe2, 0x82))).toMatch(/its last character is cut off/)
    expect(syntaxComplaints('name: we\0b\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:9: error: the file contains the control character U+0000 [not-text]
        1 | name: we�b
          |         ^
        take it away; a binary file does not belong below stacks under the name of a .vgo file
      "
    `)
    expect(syntaxComplaints('name: web\rtype: x\r')).toMatchInlineSnapshot(`
      "
      web.vgo:1:10: error: the file contains a carriage return without a line feed [not-text]
        1 | name: web�type: x�
          |          ^
        save it with line feeds; 'vigocli config lint --fix' does
      "
    `)
    expect(syntaxComplaints('name: \u001b[31mred\n')).toMatch(/control character U\+001B/)
  })

  test('with aliases that multiply is refused when they would be expanded', () => {
    const levels = 'bcdefghi'.split('').map((name, at) => {
      const before = 'abcdefgh'.charAt(at)
      return `${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]\n`
    })
    expect(syntaxComplaints(`a: &a [x, x, x, x, x, x, x, x, x]\n${levels.join('')}`)).toMatchInlineSnapshot(`
      "
      web.vgo:6:8: error: with this alias the aliases of the file stand for more than 100000 values or 4194304 characters [yaml-alias-expansion]
        6 | f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]
          |        ^^
        aliases of aliases multiply; write the values out, or use variables
      "
    `)
  })

  test('with an alias of itself is refused', () => {
    expect(syntaxComplaints('a: &a [1, *a]\n')).toMatchInlineSnapshot(`
      "
      web.vgo:1:11: error: the alias '*a' stands inside the value that it stands for [yaml-alias]
        1 | a: &a [1, *a]
          |           ^^
        a value that starts with * needs quotes: "*a"
      "
    `)
  })

  test('nested too deep is refused, in brackets, in lines and through aliases', () => {
    expect(syntaxComplaints(`a: ${'['.repeat(500)}\n`)).toMatchInlineSnapshot(`
      "
      web.vgo:1:68: error: maps and lists are nested more than 64 deep here [too-deep]
        1 | a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
          |                                                                    ^
        nothing in the language needs that; look for a bracket or a dash too many
      "
    `)
    const lines = Array.from({ length: 80 }, (_, at) => `${' '.repeat(at)}a:\n`)
    expect(syntaxComplaints(lines.join(''))).toMatchInlineSnapshot(`
      "
      web.vgo:65:65: error: maps and lists are nested more than 64 deep here [too-deep]
        65 |                                                                 a:
           |                                                                 ^
        nothing in the language needs that; look for a bracket or a dash too many
      "
    `)
    const deep = (inner: string) => `${'['.repeat(40)}${inner}${']'.repeat(40)}`
    expect(syntaxComplaints(`a: &a ${deep('1')}\nb: ${deep('*a')}\n`)).toMatchInlineSnapshot(`
      "
      web.vgo:2:44: error: maps and lists are nested more than 64 deep here [too-deep]
        2 | b: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*a]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
          |                                            ^
        nothing in the language needs that; look for a bracket or a dash too many
      "
    `)
  })

  test('with too many values is refused', () => {
    expect(syntaxComplaints(`a:\n${'- 1\n'.repeat(MAX_NODES + 1)}`)).toMatchInlineSnapshot(`
      "
      web.vgo:100001:1: error: the file has more than 500000 words, signs and line breaks; the limit is reached here [too-many-values]
        100001 | - 1
               | ^
        split it into several files
      "
    `)
    expect(syntaxComplaints(megabyte('\n'))).toMatchInlineSnapshot(`
      "
      web.vgo:500001:1: error: the file has more than 500000 words, signs and line breaks; the limit is reached here [too-many-values]
        500001 | 
               | ^
        split it into several files
      "
    `)
  })

  test.each(['[', '- ', '&a ', '""', ',', 'a: ]\n', 'a: |\n', 'a: {{ x }}\n'])('of a megabyte of %j ends', piece => {
    const diagnostics = new Diagnostics()
    parseSource({ path: 'web.vgo', text: megabyte(piece) }, diagnostics)
    expect(diagnostics.sorted.length).toBeLessThanOrEqual(1000)
    for (const diagnostic of diagnostics.sorted.slice(0, 5))
      expect(renderDiagnostic(diagnostic)).toMatch(/^web\.vgo:\d+:\d+: error: /)
  })

  test('never reaches a prototype', () => {
    const { root } = parseSource({ path: 'web.vgo', text: '__proto__: {a: 1}\nconstructor: 2\n' }, new Diagnostics())
    expect(root?.kind === 'map' && Array.from(root.entries.keys())).toEqual(['__proto__', 'constructor'])
    expect(Reflect.get({}, 'a')).toBeUndefined()
  })

  test('of any text has a value or an error, and places inside the file', () => {
    const word = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '|',
      '>',
      '#',
      '!t ',
      '?',
      ',',
      '{{',
      '}}',
      '\t',
      '---\n',
      '%',
      '@',
      '1',
    )
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 40 }).map(words => words.join('')),
        text => {
          const diagnostics = new Diagnostics()
          const { root, isWhole } = parseSource({ path: 'web.vgo', text }, diagnostics)
          expect(isWhole).toBe(!diagnostics.hasErrors)
          for (const { span } of diagnostics.sorted) {
            expect(span.start).toBeGreaterThanOrEqual(0)
            expect(span.start).toBeLessThanOrEqual(text.length)
          }
          if (root !== undefined) expectInside(root, 0, text.length)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

function expectInside(node: Node, from: number, to: number): void {
  expect(node.span.start).toBeGreaterThanOrEqual(from)
  expect(node.span.end).toBeLessThanOrEqual(to)
  expect(node.span.end).toBeGreaterThanOrEqual(node.span.start)
  if (node.kind === 'list') for (const item of node.items) expectInside(item, from, to)
  if (node.kind === 'map') for (const { value } of node.entries.values()) expectInside(value, from, to)
}
