import { ExecutorError } from '../executors/errors.ts'
import type { ProbeOptions } from './probes.ts'

export interface Decision {
  readonly holds: boolean
  /** It is false wherever nothing has changed, whatever else is found on the machine. */
  readonly needsChange: boolean
}

/**
 * Decides what the server left of a condition. The reader of conditions is only loaded when there is one.
 * @throws WhenError, ExecutorError when it cannot be told
 */
export async function decide(when: string, options: ProbeOptions & { signal: AbortSignal }): Promise<Decision> {
  if (when === '') return { holds: true, needsChange: false }
  if (when === 'changed') return { holds: options.isChanged, needsChange: true }
  const { evaluateOnAgent, JOINED_WHEN_LIMITS, needsChange, parseWhen } = await import('#config/lang')
  const parsed = parseWhen(when, JOINED_WHEN_LIMITS)
  if (!parsed.ok) {
    const problem = parsed.errors[0]?.message ?? 'it cannot be read'
    throw new ExecutorError('failed', `its condition cannot be read by this version of the agent: ${problem}`)
  }
  const { probesOf } = await import('./probes.ts')
  const holds = await evaluateOnAgent(parsed.expression, probesOf(options), { signal: options.signal })
  return { holds, needsChange: needsChange(parsed.expression) }
}
