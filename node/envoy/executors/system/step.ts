import type { Change } from '#node/checkin'
import type { Plan } from '../planned.ts'

/** One thing that differs, and what puts it right. */
export interface Step {
  readonly change: Change
  run(): Promise<void>
}

/** To take the steps one after the other. */
export function planOfSteps(steps: readonly Step[]): Plan {
  if (steps.length === 0) return { kind: 'compliant' }
  return {
    kind: 'different',
    changes: steps.map(step => step.change),
    carryOut: async () => {
      for (const step of steps) await step.run()
      return {}
    },
  }
}
