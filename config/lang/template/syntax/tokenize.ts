import { type Place, TemplateError } from '../errors.ts'
import type { Token, TokenKind } from './token.ts'

const SPACES = /[ \t\r\n]+/y
const WORD = /[\p{L}\p{Nd}_]+/uy
/** More than numbers are made of; whether it is one is found out when its value is read. */
const NUMBER = /[+-]?[\p{L}\p{Nd}_.]*(?:(?<=[eEpP])[+-][\p{L}\p{Nd}_]*)?/uy
const DIGIT = /[0-9]/
/** What may follow a name. */
const TERMINATOR = /[ \t\r\n.,|:()]|\}\}|$/y

/** The token at `at`; `open` is where its action starts. @throws TemplateError */
export function nextToken(text: string, at: number, open: number): Token {
  const token = (kind: TokenKind, end: number): Token => ({ kind, start: at, end, text: text.slice(at, end) })
  const spaces = matchAt(SPACES, text, at)
  if (spaces > 0) return token('space', spaceEnd(text, at + spaces, spaces))
  const character = text[at]
  switch (character) {
    case undefined:
      throw unclosed('this action has no }}', { start: open, end: Math.min(open + 2, text.length) })
    case '{':
      if (text[at + 1] !== '{') return token('sign', at + 1)
      throw unclosed('this action has no }} before the next one starts', { start: open, end: open + 2 })
    case '}':
      throw unclosed('an action ends with }}, not with }', { start: at, end: at + 1 })
    case '"':
    case "'":
      return token(character === '"' ? 'string' : 'character', quoteEnd(text, at, character))
    case '`':
      return token('raw-string', rawEnd(text, at))
    case '$': {
      const end = at + 1 + matchAt(WORD, text, at + 1)
      requireTerminator(text, at, end)
      return token('variable', end)
    }
    case '.':
      return DIGIT.test(text[at + 1] ?? '') ? token('number', numberEnd(text, at)) : dotted(text, at, token)
    case ':':
      if (text[at + 1] === '=') return token('sign', at + 2)
      throw new TemplateError('syntax', "':' is not followed by '='", 'a variable is declared with $name := value', {
        start: at,
        end: at + 1,
      })
    case '+':
    case '-':
      return token('number', numberEnd(text, at))
    default:
      return DIGIT.test(character) ? token('number', numberEnd(text, at)) : wordOrSign(text, at, token)
  }
}

function dotted(text: string, at: number, token: (kind: TokenKind, end: number) => Token): Token {
  const end = at + 1 + matchAt(WORD, text, at + 1)
  requireTerminator(text, at, end)
  return token(end === at + 1 ? 'dot' : 'field', end)
}

function wordOrSign(text: string, at: number, token: (kind: TokenKind, end: number) => Token): Token {
  const length = matchAt(WORD, text, at)
  if (length === 0) return token('sign', at + characterAt(text, at).length)
  requireTerminator(text, at, at + length)
  return token('word', at + length)
}

function numberEnd(text: string, at: number): number {
  return at + Math.max(1, matchAt(NUMBER, text, at))
}

/** A trim marker needs the space before it: ` -}}`. */
function spaceEnd(text: string, end: number, length: number): number {
  return length > 1 && text.startsWith('-}}', end) ? end - 1 : end
}

function quoteEnd(text: string, at: number, quote: string): number {
  for (let end = at + 1; end < text.length && text[end] !== '\n'; end++) {
    if (text[end] === quote) return end + 1
    if (text[end] === '\\' && text[end + 1] !== '\n') end++
  }
  throw new TemplateError('syntax', `a ${quote} has no closing ${quote} on its line`, '', { start: at, end: at + 1 })
}

function rawEnd(text: string, at: number): number {
  const close = text.indexOf('`', at + 1)
  if (close >= 0) return close + 1
  throw new TemplateError('syntax', 'a ` has no closing `', '', { start: at, end: at + 1 })
}

function requireTerminator(text: string, start: number, end: number): void {
  TERMINATOR.lastIndex = end
  if (TERMINATOR.test(text)) return
  const character = characterAt(text, end)
  const place = { start: end, end: end + character.length }
  throw new TemplateError(
    'syntax',
    `'${character}' cannot follow '${text.slice(start, end)}'`,
    nameHint(character),
    place,
  )
}

function nameHint(character: string): string {
  if (character === '-') return 'a key that is no plain name is read with index: index .Vars "my-key"'
  if (character === '}') return 'an action ends with }}'
  return 'put a space between the two, or remove one of them'
}

function unclosed(message: string, place: Place): TemplateError {
  return new TemplateError('syntax', message, 'close it; braces that are meant as text are written {{ "{{" }}', place)
}

function characterAt(text: string, at: number): string {
  return String.fromCodePoint(text.codePointAt(at) ?? 0)
}

function matchAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex - at : 0
}
