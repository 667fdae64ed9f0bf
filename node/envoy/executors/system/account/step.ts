import type { Change } from '#node/checkin'

/** One thing that differs, and what puts it right. */
export interface Step {
  readonly change: Change
  run(): Promise<void>
}
