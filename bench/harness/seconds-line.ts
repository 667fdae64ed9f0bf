import { median } from './statistics.ts'
import type { Measurement } from './types.ts'

/** A line of a row that has no baseline: the median of its rounds, in seconds, against a fixed budget; null for one that is only told. */
export function secondsLine(row: string, rounds: readonly number[], budget: number | null, note: string): Measurement {
  const value = median(rounds)
  return {
    row,
    ours: { value, unit: 's' },
    baseline: null,
    ratio: null,
    budget: budget === null ? 'none' : `<= ${budget} s`,
    ok: budget === null || value <= budget,
    notes: [note],
  }
}
