import { ExecutorError } from '../errors.ts'

/** Each directory on the way down is held open, and whoever owns one could make them deeper than the agent may have files open. */
const MAX_DEPTH = 256

/** @throws ExecutorError 'failed' */
export function requireDepth(depth: number, path: string): void {
  if (depth <= MAX_DEPTH) return
  throw new ExecutorError(
    'failed',
    `${path.slice(0, 200)}… is nested deeper than ${MAX_DEPTH} directories; look at it by hand`,
  )
}
