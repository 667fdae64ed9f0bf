import type { BundleResource } from '#config/store'
import { Deadline, isAbort } from '#node/kit'
import type { Attributes, Difference, Executor, ExecutorOptions, Finding } from '../executors/executor.ts'
import type { Machine } from '../executors/machine.ts'
import { decide } from './condition.ts'
import { ConvergeError } from './errors.ts'
import {
  type Circumstances,
  failureOf,
  judgeCondition,
  judgeError,
  judgeFinding,
  judgeSecondCheck,
  stateOfApplied,
  type Verdict,
  verdictOfApplied,
} from './judge.ts'
import type { RunLimits } from './limits.ts'

export interface VisitOptions {
  readonly resource: BundleResource
  /** Secrets in place. */
  readonly attributes: Attributes
  readonly executor: Executor
  readonly executorOf: (type: string) => Executor | undefined
  readonly machine: Machine
  readonly circumstances: Circumstances
  readonly wasThis: boolean | undefined
  readonly limits: RunLimits
  readonly nowMs: () => number
  /** Before anything is changed. */
  readonly onApply: () => Promise<void>
  readonly signal: AbortSignal
}

/** One resource's turn on the machine. Rejects only when the run's signal fires. */
export async function visit(options: VisitOptions): Promise<Verdict> {
  const { resource, circumstances, limits, signal } = options
  const timeoutMs = (timeoutOf(options.attributes) ?? limits.resourceMs) + limits.graceMs
  using deadline = new Deadline(timeoutMs, `'${resource.id}'`, signal)
  let phase: 'check' | 'apply' = 'check'
  const onApply = async (): Promise<void> => {
    await options.onApply()
    phase = 'apply'
  }
  try {
    return await stoppable(turn({ ...options, onApply, signal: deadline.signal }), limits.stopMs, deadline.signal)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const told = deadline.signal.aborted && isAbort(error) ? deadline.signal.reason : error
    return judgeError(told, resource.type, phase, circumstances)
  }
}

async function turn(options: VisitOptions): Promise<Verdict> {
  const { resource, attributes, executor, machine, circumstances, signal } = options
  const { isDryRun, trigger } = circumstances
  const decision = await decide(resource.when, { ...options, isChanged: trigger !== null })
  if (!decision.holds) return judgeCondition(resource.when, decision.needsChange, circumstances)
  const executorOptions: ExecutorOptions = { signal, name: resource.name, isDryRun, isTriggered: trigger !== null }
  const finding = await executor.check(attributes, machine, executorOptions)
  signal.throwIfAborted()
  const judged = judgeFinding(finding, circumstances)
  if ('state' in judged) return judged
  await options.onApply()
  return applied(judged.apply, options, executorOptions)
}

async function applied(difference: Difference, options: VisitOptions, call: ExecutorOptions): Promise<Verdict> {
  const { resource, attributes, executor, machine, circumstances, wasThis } = options
  const done = await executor.apply(attributes, difference, machine, call)
  const { acts } = executor
  const again: Finding = acts === 'always' ? { kind: 'compliant' } : await executor.check(attributes, machine, call)
  const problem = judgeSecondCheck(again)
  const state =
    problem === undefined
      ? stateOfApplied({ ...circumstances, acts, wasThis })
      : failureOf(resource.type, circumstances)
  return verdictOfApplied(state, difference, done, problem)
}

function timeoutOf({ timeout, timeout_secs }: Attributes): number | undefined {
  for (const seconds of [timeout, timeout_secs]) {
    if (typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0) return seconds * 1000
  }
  return undefined
}

/** Work that was told to stop is waited for, but not for ever: what hangs in the kernel must not keep the rest of the machine waiting. */
async function stoppable<T>(work: Promise<T>, stopMs: number, signal: AbortSignal): Promise<T> {
  const { promise: stuck, reject } = Promise.withResolvers<never>()
  let timer: NodeJS.Timeout | undefined
  const onAbort = (): void => {
    const error = new ConvergeError('stuck', `it did not stop ${stopMs / 1000} s after its time was over`)
    timer = setTimeout(() => reject(error), stopMs)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work, stuck])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    work.catch(() => undefined)
  }
}
