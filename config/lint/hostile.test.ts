import { describe, expect, test } from 'vitest'
import { lintFile } from './index.ts'

/* Files that are small enough to be read and would take minutes where the work grows with the square of something. */

const many = (count: number, piece: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => piece(at)).join('')

const lint = (text: string) => lintFile({ path: 'configcrates/web.vgo', text })

describe('a hostile file is linted in bounded time', () => {
  test('with many resources that are all out of order', () => {
    const { file, refused } = lint(
      `resources:\n${many(2000, at => `- owner: root\n  target_path: /a${at}\n  type: file\n`)}`,
    )
    expect(refused).toBeUndefined()
    expect(file.text).toContain('  #~ Deploy /a1999\n  - type: file\n    target_path: /a1999\n    owner: root\n')
  })

  test('with many anchors in keys that are out of order', () => {
    const keys = many(5000, at => `    k${at}: &a${at} x\n`)
    const { diagnostics, refused } = lint(`name: x\nresources:\n  - type: own\n    custom: true\n${keys}    name: z\n`)
    expect(refused).toBeUndefined()
    expect(diagnostics.map(({ code }) => code)).toEqual(['key-order'])
  })

  test('with many equal keys', () => {
    const { file, refused } = lint(`name: x\nresources: []\nvars:\n${many(900, at => `  a: ${at}\n`)}`)
    expect(refused).toBeUndefined()
    expect(file.text).toBe('#~ Manages nothing\nname: x\nvars:\n  a: 899\nresources: []\n')
  })

  test('with more equal keys than one run tells', () => {
    const text = `name: x\nresources: []\nvars:\n${many(10_000, () => '  a: 1\n')}`
    expect(lint(text)).toMatchObject({ refused: 'YAML cannot be read from it', file: { text } })
  })

  test('with many comments and blank lines', () => {
    const { refused } = lint(`name: x\nresources:\n${many(10_000, () => '      # c\n \n')}  - type: own\n`)
    expect(refused).toBeUndefined()
  })

  test('with many tabs', () => {
    const text = `name: x\nresources:\n${many(10_000, () => '\t- a: |\n\t\t\tb\n')}`
    expect(lint(text).diagnostics.length).toBeGreaterThan(0)
    expect(lint(`name: x\nvars:\n\ta: |\n${many(20_000, () => '\t\tb\n')}resources: []\n`).refused).toBeUndefined()
  })

  test('that its labels would make larger than a file may be', () => {
    const text = `name: x\nresources:\n${many(5, at => `  - type: own\n    name: n${at}\n`)}description: "${'x '.repeat(524_150)}"\n`
    expect(text.length).toBeLessThan(1024 * 1024)
    const { file, refused, diagnostics } = lint(text)
    expect(refused).toBe('YAML could no longer be read from it')
    expect(file.text).toBe(text)
    expect(diagnostics.map(({ code }) => code)).toContain('not-formatted')
  })

  test('with deep nesting', () => {
    expect(lint(`vars:\n${many(61, at => `${' '.repeat(at + 1)}a:\n`)}resources: []\n`).refused).toBeUndefined()
    expect(lint(`vars: ${'['.repeat(100_000)}\n`).refused).toBe('YAML cannot be read from it')
  })
})
