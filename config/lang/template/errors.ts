import { VigoError } from '#node/kit'

/**
 * - `syntax`: the text is not a template
 * - `missing`: a variable or key does not exist
 * - `value`: a value is of the wrong kind, out of range or refused by a function
 * - `limit`: the text or its evaluation is larger than allowed
 */
export type TemplateErrorCode = 'syntax' | 'missing' | 'value' | 'limit'

/** What is wrong with a template, where, and what mends it. Offsets are UTF-16 units of the template's text. */
export interface TemplateProblem {
  readonly code: TemplateErrorCode
  readonly offset: number
  readonly length: number
  readonly message: string
  /** Empty when the message says it all. */
  readonly hint: string
}

export interface Place {
  readonly start: number
  readonly end: number
}

/** Thrown inside this folder only; the functions of its door return problems. */
export class TemplateError extends VigoError<TemplateErrorCode> {
  readonly hint: string
  /** Undefined where a function does not know its place; the caller then adds it. */
  readonly place: Place | undefined

  constructor(code: TemplateErrorCode, message: string, hint = '', place?: Place) {
    super(code, message)
    this.hint = hint
    this.place = place
  }

  /** The problem, at `fallback` unless the error knows better. */
  problem(fallback: Place): TemplateProblem {
    const { start, end } = this.place ?? fallback
    return { code: this.code, offset: start, length: end - start, message: this.message, hint: this.hint }
  }
}
