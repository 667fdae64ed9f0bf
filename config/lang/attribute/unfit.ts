import type { Span } from '../source.ts'

/** A value is not what its attribute may be. Thrown inside this folder only; `checkAttribute` returns it. */
export class Unfit extends Error {
  readonly hint: string
  /** Undefined where the whole value is meant. */
  readonly span: Span | undefined

  constructor(message: string, hint: string, span?: Span) {
    super(message)
    this.hint = hint
    this.span = span
  }
}
