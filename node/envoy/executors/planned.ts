import { ExecutorError } from './errors.ts'
import type { Applied, Difference, Executor, ExecutorOptions, Finding } from './executor.ts'
import type { Machine } from './machine.ts'

/** A finding that knows how to put right what it found. */
export type Plan = Exclude<Finding, Difference> | PlannedDifference

export interface PlannedDifference extends Difference {
  readonly carryOut: () => Promise<Applied>
}

/** Something is missing that a resource before this one may make: a failure in a run, and in a dry run not known yet. */
export class MissingYet extends ExecutorError {
  constructor(message: string) {
    super('failed', message)
  }
}

export type Planning<A> = (attributes: A, machine: Machine, options: ExecutorOptions) => Promise<Plan>

/**
 * An executor that is one function: it looks at the machine and says what differs and how that is put right. `check` tells the first,
 * `apply` looks again and does the second, so that neither can know what the other does not.
 */
export function planned<A>(about: Pick<Executor<A>, 'type' | 'reach' | 'acts'>, plan: Planning<A>): Executor<A> {
  return {
    ...about,
    check: async (attributes, machine, options) => {
      options.signal.throwIfAborted()
      try {
        return findingOf(await plan(attributes, machine, options))
      } catch (error) {
        if (options.isDryRun && error instanceof MissingYet) return { kind: 'unknown', reason: error.message }
        throw error
      }
    },
    apply: async (attributes, _difference, machine, options) => {
      options.signal.throwIfAborted()
      const found = await plan(attributes, machine, options)
      return found.kind === 'different' ? await found.carryOut() : {}
    },
  }
}

function findingOf(plan: Plan): Finding {
  if (plan.kind !== 'different') return plan
  const { carryOut: _, ...difference } = plan
  return difference
}
