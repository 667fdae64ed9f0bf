import type { Change } from '#node/checkin'
import { change } from '../change.ts'

const MAX_CHANGES = 64

/** As many changes as a report takes; the last one tells how many more there are. */
export function reportable(changes: readonly Change[]): Change[] {
  const short = changes.map(({ attribute, from, to }) => change(attribute, from, to))
  if (short.length <= MAX_CHANGES) return short
  const more = short.length - MAX_CHANGES + 1
  return [...short.slice(0, MAX_CHANGES - 1), change('more', '', `${more} further changes`)]
}
