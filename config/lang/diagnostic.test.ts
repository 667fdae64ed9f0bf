import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Diagnostics, type Finding, renderDiagnostic } from './diagnostic.ts'
import { placeOf, positionOf } from './source.ts'

const finding = (text: string, start: number, end: number, path = 'web.vgo'): Finding => ({
  code: 'some-code',
  span: { file: { path, text }, start, end },
  message: 'this is wrong',
  hint: 'mend it',
})

function rendered(text: string, start: number, end: number): string {
  const diagnostics = new Diagnostics()
  diagnostics.error(finding(text, start, end))
  return diagnostics.sorted.map(renderDiagnostic).join('\n')
}

describe('a diagnostic', () => {
  test('shows the line with a caret below what is meant', () => {
    expect(rendered('name: web\r\ntype: fille\r\n', 17, 22)).toBe(
      ['web.vgo:2:7: error: this is wrong [some-code]', '  2 | type: fille', '    |       ^^^^^', '  mend it'].join(
        '\n',
      ),
    )
  })

  test('shows the end of the line when more than one line is meant, and a caret when nothing is', () => {
    expect(rendered('a: 1\nb: 2\n', 3, 9)).toContain('  1 | a: 1\n    |    ^\n')
    expect(rendered('a:\n', 2, 2)).toContain('  1 | a:\n    |   ^\n')
    expect(rendered('\n\na: 1', 0, 1)).toContain('web.vgo:1:1: ')
  })

  test('shows the part of a long line that is meant', () => {
    const text = `${'x'.repeat(5000)}HERE${'y'.repeat(5000)}`
    const [, line = '', caret = ''] = rendered(text, 5000, 5004).split('\n')
    expect(line.length).toBeLessThan(140)
    expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('HERE')
  })

  test('never passes on what a terminal would obey', () => {
    const shown = rendered('a: \u001b[31mred\u202e', 3, 4)
    expect([shown.includes('\u001b'), shown.includes('\u202e')]).toEqual([false, false])
  })

  test('has no line to show for a file that is no text', () => {
    expect(rendered('', 0, 0)).toBe('web.vgo:1:1: error: this is wrong [some-code]\n  mend it')
  })

  test('stands at a place that leads back to its offset', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'ü', '\n', '\r\n', ' ')), fc.nat(), (parts, position) => {
        const text = `${parts.join('')}.`
        const start = position % text.length
        const { line, column } = positionOf({ file: { path: 'web.vgo', text }, start, end: start })
        const lines = text.split('\n')
        expect(lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1).toBe(start)
        expect(placeOf({ file: { path: 'web.vgo', text }, start, end: start })).toBe(`web.vgo:${line}:${column}`)
      }),
    )
  })
})

describe('the diagnostics of a run', () => {
  test('are in the order of paths and places, however they were found', () => {
    const found = [finding('abc', 2, 3, 'b.vgo'), finding('abc', 0, 1, 'b.vgo'), finding('abc', 1, 2, 'a.vgo')]
    fc.assert(
      fc.property(fc.shuffledSubarray(found, { minLength: 3 }), order => {
        const diagnostics = new Diagnostics()
        for (const each of order) diagnostics.warning(each)
        expect(diagnostics.sorted.map(({ span }) => placeOf(span))).toEqual(['a.vgo:1:2', 'b.vgo:1:1', 'b.vgo:1:3'])
        expect(diagnostics.hasErrors).toBe(false)
      }),
    )
  })

  test('are each there once, however often an alias leads to them', () => {
    const diagnostics = new Diagnostics()
    for (let at = 0; at < 3; at++) diagnostics.error(finding('abc', 0, 1))
    diagnostics.error(finding('abc', 0, 2))
    expect(diagnostics.sorted).toHaveLength(2)
  })

  test('are a thousand at most, and the rest is counted', () => {
    const diagnostics = new Diagnostics()
    for (let at = 0; at < 1200; at++) diagnostics.error(finding('x'.repeat(1300), at, at + 1))
    expect(diagnostics.sorted).toHaveLength(1000)
    expect(diagnostics.leftOut).toBe(200)
    expect(diagnostics.errorCount).toBe(1200)
  })
})

test('collections that are joined tell all that they found and left out', () => {
  const file = { path: 'a.vgo', text: 'x' }
  const finding = (at: number) => ({ code: `c-${at}`, span: { file, start: 0, end: 1 }, message: 'm', hint: '' })
  const many = new Diagnostics()
  for (let at = 0; at < 1005; at++) many.error(finding(at))
  const all = new Diagnostics()
  all.warning(finding(2000))
  all.join(many)
  expect([all.errorCount, all.sorted.length, all.leftOut]).toEqual([1005, 1000, 6])
})
