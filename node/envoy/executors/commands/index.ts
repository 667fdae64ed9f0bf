import type { Executor } from '../executor.ts'
import { execExecutor } from './exec.ts'
import { gitExecutor } from './git.ts'
import { processExecutor } from './process.ts'

export { CUSTOM_FOLDER, customExecutor } from './custom.ts'

/** The executors of what runs, and of what git fetches. */
export const commandExecutors: readonly Executor[] = [execExecutor, processExecutor, gitExecutor]
