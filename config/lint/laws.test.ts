import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Lexer, parseDocument } from 'yaml'
import { Diagnostics, parseSource } from '#config/lang'
import { anyLines, crateText } from './fixture.ts'
import { fixFile, lintFile } from './index.ts'

const PATH = 'configcrates/web.vgo'

const fixed = (text: string) => fixFile({ path: PATH, text })

/** What another reader of YAML finds, the keys of maps in any order; undefined where there are errors. */
function valuesOf(text: string): unknown {
  try {
    const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent' })
    return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 100 })
  } catch {
    return undefined
  }
}

/** Whether the language allows the text, keys that stand twice aside. */
function isReadable(text: string): boolean {
  const diagnostics = new Diagnostics()
  parseSource({ path: PATH, text }, diagnostics)
  return diagnostics.sorted.every(({ code }) => code === 'duplicate-key')
}

/** Comments that are not labels, in any order. */
function commentsOf(text: string): string[] {
  const comments: string[] = []
  let isScalar = false
  for (const lexeme of new Lexer().lex(text)) {
    if (!isScalar && lexeme.startsWith('#') && !/^#~(?:\s|$)/.test(lexeme)) comments.push(lexeme)
    isScalar = lexeme === '\u001f'
  }
  return comments.toSorted()
}

describe('of any configcrate, the linter', { timeout: 60_000 }, () => {
  test('refuses none that YAML can be read from', () => {
    fc.assert(
      fc.property(crateText, text => {
        fc.pre(isReadable(text))
        expect(fixed(text).refused).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })

  test('keeps the values', () => {
    fc.assert(
      fc.property(crateText, text => {
        const { file } = fixed(text)
        expect(withoutRepairs(valuesOf(file.text))).toEqual(withoutRepairs(valuesOf(text)))
      }),
      { numRuns: 500 },
    )
  })

  test('keeps every comment, byte for byte', () => {
    fc.assert(
      fc.property(crateText, text => {
        const { file } = fixed(text)
        expect(commentsOf(file.text)).toEqual(commentsOf(text.replaceAll('\r\n', '\n')))
      }),
      { numRuns: 500 },
    )
  })

  test('changes nothing the second time', () => {
    fc.assert(
      fc.property(crateText, text => {
        const { file } = fixed(text)
        expect(fixed(file.text)).toMatchObject({ file, changes: [] })
      }),
      { numRuns: 500 },
    )
  })
})

/** `when-changed` and `yes-no` may change these. */
function withoutRepairs(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (key, each: unknown) => {
      if (key === 'when' && each === 'changed') return undefined
      return each
    }),
  )
}

describe('of any text, the linter', { timeout: 60_000 }, () => {
  test('says something, and throws nothing', () => {
    fc.assert(
      fc.property(fc.oneof(anyLines, fc.string({ unit: 'binary' }), fc.string()), text => {
        const { file, changes, diagnostics, refused } = lintFile({ path: PATH, text })
        expect(file.text === text).toBe(changes.length === 0)
        if (refused !== undefined) expect(file.text).toBe(text)
        if (refused !== undefined) expect(diagnostics.length).toBeGreaterThan(0)
      }),
      { numRuns: 1500 },
    )
  })

  test('keeps values and comments, and is done with it', () => {
    fc.assert(
      fc.property(anyLines, text => {
        const { file, refused } = fixed(text)
        if (refused !== undefined) return
        const before = valuesOf(text)
        if (before !== undefined && !/\r(?!\n)/.test(text) && isDeepStrictEqual(before, withoutRepairs(before))) {
          expect(withoutRepairs(valuesOf(file.text))).toEqual(before)
        }
        if (isReadable(text)) expect(commentsOf(file.text)).toEqual(commentsOf(text.replaceAll('\r\n', '\n')))
        expect(fixed(file.text).changes).toEqual([])
      }),
      { numRuns: 1500 },
    )
  })
})
