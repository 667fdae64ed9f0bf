import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Logger } from '#node/kit'
import { formsOf, MASK, Masker } from './mask.ts'
import { masked } from './masked-logger.ts'

const secret = fc.string({ minLength: 4, maxLength: 60 }).filter(text => text.trim().length >= 4)

describe('a secret', () => {
  test('is in no text any more, in none of its forms, whatever stands around it', () => {
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        const masker = new Masker([value, 'another one'])
        for (const form of formsOf(value)) {
          const text = masker.mask(before + form + after)
          expect(text).toContain(MASK)
          if (!MASK.includes(form) && !(before + MASK + after).includes(form)) expect(text).not.toContain(form)
        }
      }),
    )
  })

  test('is hidden in the forms in which programs print it', () => {
    const value = 'p "q"\\w/ü &='
    const masker = new Masker([value])
    for (const text of [
      value,
      JSON.stringify({ password: value }),
      `https://x/?p=${encodeURIComponent(value)}`,
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('base64url'),
      Buffer.from(value).toString('hex'),
    ]) {
      expect(masker.mask(text)).toContain(MASK)
    }
  })

  test('of several lines is hidden line by line, but not the words around a key', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END KEY-----\n'
    const masker = new Masker([key])
    expect(masker.mask('line 2: MIIEvQIBADANBgkqhkiG9w0B')).toBe(`line 2: ${MASK}`)
    expect(masker.mask(key)).toBe(MASK)
    expect(masker.mask('-----BEGIN KEY-----')).toBe('-----BEGIN KEY-----')
  })

  test('that is part of a longer one does not keep that from being hidden whole', () => {
    expect(new Masker(['hunter', 'hunter2-extended']).mask('hunter2-extended hunter')).toBe(`${MASK} ${MASK}`)
  })

  test('leaves a log that says all else', () => {
    const lines: unknown[] = []
    const note = (...parts: unknown[]): void => void lines.push(parts)
    const inner: Logger = { debug: note, info: note, warn: note, error: note, child: () => inner }
    let masker = new Masker([])
    const logger = masked(inner, () => masker)
    masker = new Masker(['hunter2'])
    logger.warn('x', { a: ['hunter2'], b: { c: 7, error: new Error('no hunter2') } }, 'with hunter2')
    logger.child({ who: 'hunter2' }).info('y')
    expect(lines).toEqual([
      ['x', { a: [MASK], b: { c: 7, error: `no ${MASK}` } }, `with ${MASK}`],
      ['y', {}, undefined],
    ])
  })
})

test('nothing is hidden when there are no secrets', () => {
  expect(new Masker([]).mask('text')).toBe('text')
  expect(new Masker(['', 'abc']).mask('abc')).toBe('abc')
})
