import type { Place } from '../errors.ts'

export type TokenKind =
  | 'space'
  /** Function or keyword. */
  | 'word'
  /** `.name`; a dot alone is `dot`. */
  | 'field'
  | 'dot'
  /** `$` or `$name`. */
  | 'variable'
  | 'number'
  | 'character'
  | 'string'
  | 'raw-string'
  /** One of `( ) | , = :=`, or a character that means nothing. */
  | 'sign'

export interface Token extends Place {
  readonly kind: TokenKind
  /** As it stands in the template. */
  readonly text: string
}

export interface TextSegment {
  readonly kind: 'text'
  readonly text: string
}

/** What stands between `{{` and `}}`, without the delimiters and trim markers. */
export interface ActionSegment extends Place {
  readonly kind: 'action'
  readonly tokens: readonly Token[]
  /** An error was reported for it already; only its first word counts, to keep blocks in step. */
  readonly broken: boolean
}

export type Segment = TextSegment | ActionSegment

export function isSign(token: Token | undefined, sign: string): boolean {
  return token !== undefined && token.kind === 'sign' && token.text === sign
}

export function isWord(token: Token | undefined, word: string): boolean {
  return token !== undefined && token.kind === 'word' && token.text === word
}
