import { type Place, TemplateError } from '../errors.ts'
import type { Token } from './token.ts'

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
}

/** Digits after the letter of an escape. */
const LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** The text of a string literal. Escapes are Go's. @throws TemplateError */
export function stringValue(token: Token): string {
  const inner = token.text.slice(1, -1)
  if (token.kind === 'raw-string') return inner.replaceAll('\r', '')
  return inner.includes('\\') ? unescaped(inner, token) : inner
}

/** The code point of a character literal. @throws TemplateError */
export function characterValue(token: Token): number {
  const inner = token.text.slice(1, -1)
  if (inner === '') throw malformed(token, 'a character literal is empty', "write one character: 'a'")
  const { code, length } = inner.startsWith('\\')
    ? escapeAt(inner, 0, "'", token)
    : { code: inner.codePointAt(0)!, length: String.fromCodePoint(inner.codePointAt(0)!).length }
  if (length !== inner.length) {
    throw malformed(token, `${token.text} is more than one character`, `strings are written "${inner}"`)
  }
  return code
}

/** Escapes may give single bytes, which together must be UTF-8. */
function unescaped(inner: string, place: Place): string {
  const parts: Uint8Array[] = []
  let at = 0
  while (at < inner.length) {
    const next = inner.indexOf('\\', at)
    const end = next < 0 ? inner.length : next
    if (end > at) parts.push(Buffer.from(inner.slice(at, end), 'utf8'))
    at = end
    if (next < 0) break
    const { code, length, isByte } = escapeAt(inner, at, '"', place)
    parts.push(isByte ? Uint8Array.of(code) : Buffer.from(String.fromCodePoint(code), 'utf8'))
    at += length
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts))
  } catch {
    throw malformed(place, 'the bytes of this string are not UTF-8', 'write \\u00e9 for a character, not \\xe9')
  }
}

function escapeAt(inner: string, at: number, quote: string, place: Place) {
  const letter = inner[at + 1] ?? ''
  const simple = Object.hasOwn(SIMPLE, letter) ? SIMPLE[letter] : undefined
  if (simple !== undefined || letter === quote) {
    return { code: simple ?? letter.charCodeAt(0), length: 2, isByte: false }
  }
  const octal = /^[0-7]{3}/.exec(inner.slice(at + 1, at + 4))?.[0]
  if (octal !== undefined) return byteOrThrow(Number.parseInt(octal, 8), 4, place)
  const digits = inner.slice(at + 2, at + 2 + (LENGTHS[letter] ?? 0))
  if (!Object.hasOwn(LENGTHS, letter) || digits.length !== LENGTHS[letter] || !/^[0-9a-fA-F]+$/.test(digits)) {
    throw malformed(
      place,
      `'\\${letter}' is no escape`,
      'write \\\\ for a backslash, or put the string in `backquotes`',
    )
  }
  const code = Number.parseInt(digits, 16)
  if (letter === 'x') return byteOrThrow(code, 4, place)
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
    throw malformed(place, `'\\${letter}${digits}' is no character`, '')
  }
  return { code, length: 2 + digits.length, isByte: false }
}

function byteOrThrow(code: number, length: number, place: Place) {
  if (code > 255) throw malformed(place, `${code} is more than a byte`, 'octal escapes end at \\377')
  return { code, length, isByte: true }
}

const DECIMAL = /^[+-]?(?:0|[1-9](?:_?[0-9])*)$/
const PREFIXED = /^([+-]?)0([xX](?:_?[0-9a-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+|(?:_?[0-7])+)$/
const FLOAT = /^[+-]?(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?$/

/** The value of a number literal: decimal, `0x1f`, `0o17`, `017`, `0b11`, `1.5`, `1e3`, digits parted by `_`. @throws TemplateError */
export function numberValue(token: Token): number {
  const digits = token.text.replaceAll('_', '')
  if (DECIMAL.test(token.text)) return exact(Number(digits), token)
  const [, sign, rest = ''] = PREFIXED.exec(token.text) ?? []
  if (sign !== undefined) {
    const plain = rest.replaceAll('_', '').toLowerCase()
    const value = Number(/^[xob]/.test(plain) ? `0${plain}` : `0o${plain}`)
    return exact(sign === '-' ? -value : value, token)
  }
  if (!FLOAT.test(token.text) || !/[.eE]/.test(token.text)) {
    throw malformed(token, `'${token.text}' is no number`, 'text is written in quotes')
  }
  const value = Number(digits)
  if (Number.isFinite(value)) return value
  throw malformed(token, `${token.text} is larger than any number here`, '')
}

function exact(value: number, token: Token): number {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value
  throw malformed(token, `${token.text} is too large for an exact integer (at most 2^53 - 1)`, 'put it in quotes')
}

function malformed(place: Place, message: string, hint: string): TemplateError {
  return new TemplateError('syntax', message, hint, { start: place.start, end: place.end })
}
