import { type Place, TemplateError } from '../errors.ts'
import { isSign, type Token } from './token.ts'

/** Goes through the tokens of one action. */
export class Cursor {
  /** Where the action ends: the place of what is missing. */
  readonly end: Place
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[], end: Place) {
    this.#tokens = tokens
    this.end = end
  }

  /** The token here, spaces included. */
  get next(): Token | undefined {
    return this.#tokens[this.#at]
  }

  /** The next token that is not space. */
  get solid(): Token | undefined {
    return this.#tokens[this.#solidAt(this.#at)]
  }

  /** The one after it. */
  get afterSolid(): Token | undefined {
    return this.#tokens[this.#solidAt(this.#solidAt(this.#at) + 1)]
  }

  take(): Token | undefined {
    return this.#tokens[this.#at++]
  }

  takeSolid(): Token | undefined {
    this.skipSpace()
    return this.take()
  }

  skipSpace(): void {
    this.#at = this.#solidAt(this.#at)
  }

  takeSign(sign: string): boolean {
    if (!isSign(this.solid, sign)) return false
    this.takeSolid()
    return true
  }

  /** The place of the next token, or of the end. */
  get place(): Place {
    return this.solid ?? this.end
  }

  /** @throws TemplateError when something is left */
  requireEnd(what: string): void {
    const token = this.solid
    if (token !== undefined)
      throw new TemplateError('syntax', `'${token.text}' cannot follow ${what}`, '', place(token))
  }

  #solidAt(at: number): number {
    return this.#tokens[at]?.kind === 'space' ? at + 1 : at
  }
}

function place({ start, end }: Place): Place {
  return { start, end }
}
