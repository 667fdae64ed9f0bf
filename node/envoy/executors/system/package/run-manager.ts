import type { RunResult } from '../../machine.ts'
import { type InvokeOptions, invoke } from '../invoke.ts'
import { type Diagnosis, diagnose, packageError, type Symptoms } from './diagnosis.ts'
import type { PackageContext } from './provider.ts'

/** Between two tries while another process has the package manager's lock. */
const LOCK_RETRY_MS = 1000
/** Left for the package manager to do its work once the lock is free; less is not worth a try. */
const RESERVE_MS = 5000

export interface ManagerOptions extends InvokeOptions {
  readonly symptoms: Symptoms
  /** Exit codes that mean success. Default: 0. */
  readonly successes?: readonly number[]
  /** What else makes a run that ended well a failure (warnings of broken repositories). */
  readonly isFailure?: (result: RunResult) => boolean
  /** Mends what an interrupted run left, once. */
  readonly recover?: () => Promise<void>
}

/** Runs a package manager; waits while another one is at work, as long as there is time. @throws ExecutorError */
export async function runManager(
  { machine, budget }: PackageContext,
  program: string,
  args: readonly string[],
  options: ManagerOptions,
): Promise<RunResult> {
  const { symptoms, successes = [0], isFailure = () => false, recover, ...invocation } = options
  let mayRecover = recover !== undefined
  for (;;) {
    const result = await invoke(machine, budget, program, args, invocation)
    if (result.exitCode !== null && successes.includes(result.exitCode) && !isFailure(result)) return result
    const diagnosis: Diagnosis = diagnose(result, symptoms)
    if (diagnosis === 'interrupted' && mayRecover) {
      mayRecover = false
      await recover?.()
    } else if (diagnosis === 'locked' && budget.leftMs > RESERVE_MS + LOCK_RETRY_MS) {
      await budget.pause(LOCK_RETRY_MS)
    } else {
      throw packageError(diagnosis, program, args, result)
    }
  }
}
