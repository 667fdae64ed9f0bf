import type { Executor } from '../executor.ts'

/** The executor, which does nothing any more once its signal has fired. */
export function stopping(executor: Executor): Executor {
  return {
    type: executor.type,
    reach: executor.reach,
    acts: executor.acts,
    check: async (attributes, machine, options) => {
      options.signal.throwIfAborted()
      return await executor.check(attributes, machine, options)
    },
    apply: async (attributes, difference, machine, options) => {
      options.signal.throwIfAborted()
      return await executor.apply(attributes, difference, machine, options)
    },
  }
}
