import type { Scope } from './scope.ts'

export type Unit = 's' | 'bytes' | 'MB/s'

export interface Quantity {
  readonly value: number
  readonly unit: Unit
}

/** One line of the table. */
export interface Measurement {
  readonly row: string
  readonly ours: Quantity
  /** Of the same run; null where the budget is a fixed figure. */
  readonly baseline: Quantity | null
  /** Ours over baseline (median of the pairs' own ratios where there are pairs). */
  readonly ratio: number | null
  readonly budget: string
  readonly ok: boolean
  /** What is worth knowing beside the figures. */
  readonly notes: readonly string[]
}

export interface Skipped {
  readonly row: string
  readonly skipped: string
}

export type Line = Measurement | Skipped

export interface RowContext {
  readonly scope: Scope
  readonly pairs: number
  /** The row's own size, or less when the run is scaled down. */
  size(sizeBytes: number): number
  /** Where processes write CPU profiles when they end; null without profiling. */
  readonly profileFolder: string | null
  say(text: string): void
}

export interface Row {
  readonly name: string
  readonly summary: string
  run(context: RowContext): Promise<Line[]>
}

export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB
