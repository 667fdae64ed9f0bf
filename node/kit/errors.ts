/**
 * What every failure of the product looks like: a code that programs switch on, a sentence that a person acts on
 * (what happened, to which thing, what to do next) and a context that can be written as JSON.
 * A folder declares its own codes: `class StoreError extends VigoError<'not-found' | 'disk-full'> {}`.
 */
export class VigoError<Code extends string = string> extends Error {
  readonly code: Code
  readonly context: Readonly<Record<string, unknown>>

  constructor(code: Code, message: string, options: { cause?: unknown; context?: Record<string, unknown> } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.context = options.context ?? {}
  }
}

/** The sentence of any thrown value, never a stack trace. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The code of a `VigoError`, of a Node system error, or undefined. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return undefined
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}
