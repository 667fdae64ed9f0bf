import type { WhenProblem } from './errors.ts'

export type WhenToken = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string; readonly value: string }
  | { readonly kind: 'integer'; readonly text: string; readonly value: number }
  /** One of `&& || ! ( ) ,`. */
  | { readonly kind: 'sign'; readonly text: string }
)

const SPACES = /[ \t\r\n]+/y
const NAME = /\.?[A-Za-z_][\w-]*(?:\.[A-Za-z0-9_][\w-]*)*/y
const INTEGER = /-?\d+/y
const SIGN = /&&|\|\||[!(),]/y

const HINTS: Readonly<Record<string, string>> = {
  '&': 'write && for and',
  '|': 'write || for or',
  '=': "compare a trait with trait('os.family', 'debian')",
  '<': 'versions are compared with version_ge',
  '>': 'versions are compared with version_ge',
  '{': 'templates are rendered before a condition is read; this one was not',
}

/** The tokens of a condition; undefined with a problem where one cannot be read. */
export function tokenize(text: string, report: (problem: WhenProblem) => void): readonly WhenToken[] | undefined {
  const tokens: WhenToken[] = []
  let at = 0
  for (;;) {
    at += lengthAt(SPACES, text, at)
    if (at >= text.length) return tokens
    const token = tokenAt(text, at)
    if (token === undefined) {
      report(unreadable(text, at))
      return undefined
    }
    tokens.push(token)
    at = token.end
  }
}

function tokenAt(text: string, start: number): WhenToken | undefined {
  const quote = text[start]
  if (quote === "'" || quote === '"') return quoted(text, start, quote)
  const name = lengthAt(NAME, text, start)
  if (name > 0) return { kind: 'name', text: text.slice(start, start + name), start, end: start + name }
  const integer = lengthAt(INTEGER, text, start)
  if (integer > 0 && integer < 16) {
    const digits = text.slice(start, start + integer)
    return { kind: 'integer', text: digits, value: Number(digits) + 0, start, end: start + integer }
  }
  const sign = lengthAt(SIGN, text, start)
  return sign > 0 ? { kind: 'sign', text: text.slice(start, start + sign), start, end: start + sign } : undefined
}

/** A backslash stands for itself, except before a quote or another backslash. */
function quoted(text: string, start: number, quote: string): WhenToken | undefined {
  let value = ''
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!
    if (character === quote) return { kind: 'text', text: text.slice(start, at + 1), value, start, end: at + 1 }
    if (/[^\P{Cc}\t\n]/u.test(character)) return undefined
    const next = text[at + 1]
    const escapes = character === '\\' && (next === '\\' || next === "'" || next === '"')
    value += escapes ? next : character
    if (escapes) at++
  }
  return undefined
}

function unreadable(text: string, start: number): WhenProblem {
  const character = String.fromCodePoint(text.codePointAt(start) ?? 0)
  const place = { offset: start, length: character.length }
  if (character === "'" || character === '"') {
    const hint = 'text ends with the quote that it began with, and holds no control characters'
    return { ...place, message: 'this text does not end', hint }
  }
  if (/[-\d]/.test(character)) return { ...place, message: 'this is no number', hint: 'numbers have at most 15 digits' }
  return { ...place, message: `'${character}' has no meaning here`, hint: HINTS[character] ?? 'there are && || ! ( )' }
}

function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex - at : 0
}
