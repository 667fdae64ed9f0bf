import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Diagnostic, SourceFile } from '#config/lang'
import { placeInSources } from './place-in-source.ts'

/** The words that a diagnostic of the repaired text marks, and those that it marks in the source. */
function placed(source: string, repaired: string, words: string): string {
  const file: SourceFile = { path: 'a.vgo', text: repaired }
  const start = repaired.indexOf(words)
  const span = { file, start, end: start + words.length }
  const diagnostic: Diagnostic = {
    code: 'x',
    severity: 'error',
    span,
    message: '',
    hint: '',
    related: [{ span, message: '' }],
  }
  const sources = new Map([['a.vgo', { path: 'a.vgo', text: source }]])
  const [{ span: there, related } = diagnostic] = placeInSources([diagnostic], sources)
  expect(there.file.text).toBe(source)
  expect(related[0]?.span).toEqual(there)
  return `${source.slice(0, there.start).split('\n').length}: ${source.slice(there.start, there.end)}`
}

describe('placeInSources', () => {
  test('finds a line again that moved, or whose indentation changed', () => {
    expect(placed('a: 1\nb: two\n', '#~ label\nb: two\na: 1\n', 'two')).toBe('2: two')
    expect(placed('- x:\n\ty: two  \n', '- x:\n    y: two\n', 'two')).toBe('2: two')
    expect(placed('\ufeffname: two\r\n', 'name: two\n', 'two')).toBe('1: two')
  })

  test('tells lines with the same words apart by their turn', () => {
    const source = '- state: x\n- state: x\n# end\n'
    const repaired = '#~ l\n- state: x\n#~ l\n- state: x\n#end\n'
    const second = repaired.replace('state: x', 'state: y')
    expect(placed(source, repaired, 'x')).toBe('1: x')
    expect(placed(source.replace('x', 'y'), second, 'x')).toBe('2: x')
  })

  test('shows the line before for one that the author does not have', () => {
    expect(placed('name: a\nenabled: yes\n', '#~ label\nname: a\nenabled: true\n', 'true')).toBe('1: name: a')
    expect(placed('enabled: yes\n', '#~ label\nenabled: true\n', 'label')).toBe('1: enabled: yes')
  })

  test('leaves diagnostics alone that point into the source itself, or into a file that is not there', () => {
    const file: SourceFile = { path: 'a.vgo', text: 'x' }
    const diagnostic: Diagnostic = {
      code: 'x',
      severity: 'error',
      span: { file, start: 0, end: 1 },
      message: '',
      hint: '',
      related: [],
    }
    expect(placeInSources([diagnostic], new Map([['a.vgo', file]]))).toEqual([diagnostic])
    expect(placeInSources([diagnostic], new Map())).toEqual([diagnostic])
  })

  test('stays inside of the source, whatever the two texts are', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b: c', '', ' ', '\t', '\r\n', '\n', '\ufeff', '# x'))
      .map(parts => parts.join(''))
    fc.assert(
      fc.property(text, text, fc.nat(), fc.nat(), (source, repaired, a, b) => {
        const start = a % (repaired.length + 1)
        const span = { file: { path: 'p', text: repaired }, start, end: start + (b % (repaired.length - start + 1)) }
        const diagnostic: Diagnostic = { code: '', severity: 'error', span, message: '', hint: '', related: [] }
        const [found] = placeInSources([diagnostic], new Map([['p', { path: 'p', text: source }]]))
        const there = found!.span
        expect(there.file.text).toBe(source)
        expect(there.start).toBeGreaterThanOrEqual(0)
        expect(there.end).toBeGreaterThanOrEqual(there.start)
        expect(there.end).toBeLessThanOrEqual(source.length)
      }),
    )
  })
})
