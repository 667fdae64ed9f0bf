import { VigoError } from '#node/kit'

/** What is wrong with a condition, where, and what mends it. Offsets are UTF-16 units of its text. */
export interface WhenProblem {
  readonly offset: number
  readonly length: number
  readonly message: string
  /** Empty when the message says it all. */
  readonly hint: string
}

/**
 * A condition that cannot be decided where it must be:
 * - `unknown-trait`: the machine has no such trait
 * - `wrong-trait`: the trait has a value of another kind
 */
export type WhenErrorCode = 'unknown-trait' | 'wrong-trait'

export class WhenError extends VigoError<WhenErrorCode> {}
