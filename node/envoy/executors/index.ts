import { commandExecutors } from './commands/index.ts'
import type { Executor } from './executor.ts'
import { fileExecutors } from './files/index.ts'
import { systemExecutors } from './system/index.ts'

export { CUSTOM_FOLDER, customExecutor } from './commands/index.ts'
export * from './errors.ts'
export type * from './executor.ts'
export { createMachine, type MachineOptions } from './machine/index.ts'
export type * from './machine.ts'

const executors: ReadonlyMap<string, Executor> = new Map(
  [...fileExecutors, ...commandExecutors, ...systemExecutors].map(executor => [executor.type, executor]),
)

/** The executor of a type of the language; undefined for a type that this machine cannot apply. Custom types have `customExecutor`. */
export function executorOf(type: string): Executor | undefined {
  return executors.get(type)
}
