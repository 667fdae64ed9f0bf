import type { Diagnostic, Span } from '#config/lang'

/** An error of a compiled crate, before it is known for which host it is told. */
export interface Problem {
  readonly code: string
  readonly span: Span
  readonly message: string
  readonly hint: string
  readonly related?: Diagnostic['related']
  /** Variables whose values have to do with it. */
  readonly variables?: readonly string[]
}

export type Report = (problem: Problem) => void
