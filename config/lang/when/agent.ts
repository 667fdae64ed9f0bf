import { WhenError } from './errors.ts'
import { isBetween, type LocalTime, weekday } from './local-time.ts'
import { describeTraitProblem } from './trait-problems.ts'
import { askTraits, type TraitLookup } from './traits.ts'
import type { WhenExpression, WhenLeaf } from './tree.ts'

/**
 * What a machine answers. Each is asked only when the condition depends on it, from left to right; a failure to find out is to
 * be thrown, never answered with false.
 */
export interface WhenProbes {
  fileExists(path: string, options: { signal: AbortSignal }): Promise<boolean>
  dirExists(path: string, options: { signal: AbortSignal }): Promise<boolean>
  processRunning(name: string, options: { signal: AbortSignal }): Promise<boolean>
  serviceRunning(name: string, options: { signal: AbortSignal }): Promise<boolean>
  packageInstalled(name: string, options: { signal: AbortSignal }): Promise<boolean>
  commandSucceeds(command: string, options: { signal: AbortSignal }): Promise<boolean>
  /** Read once per evaluation. */
  now(): LocalTime
  /** Whether a resource that notifies this one, or that it subscribes to, has changed in this run. */
  changed(): boolean
  trait: TraitLookup
}

/**
 * Decides a condition, whole or what the server left of it, on the machine.
 * @throws WhenError when a trait is missing or of the wrong kind; whatever a probe throws; the signal's reason
 */
export async function evaluateOnAgent(
  expression: WhenExpression,
  probes: WhenProbes,
  { signal }: { signal: AbortSignal },
): Promise<boolean> {
  let time: LocalTime | undefined
  const now = (): LocalTime => (time ??= probes.now())
  const decide = async (part: WhenExpression): Promise<boolean> => {
    signal.throwIfAborted()
    switch (part.kind) {
      case 'constant':
        return part.value
      case 'not':
        return !(await decide(part.operand))
      case 'and':
        for (const operand of part.operands) if (!(await decide(operand))) return false
        return true
      case 'or':
        for (const operand of part.operands) if (await decide(operand)) return true
        return false
      case 'call':
      case 'identifier':
      case 'trait':
        return ask(part, probes, now, signal)
    }
  }
  return decide(expression)
}

async function ask(leaf: WhenLeaf, probes: WhenProbes, now: () => LocalTime, signal: AbortSignal): Promise<boolean> {
  const answer = askTraits(leaf, probes.trait)
  if (typeof answer === 'boolean') return answer
  if (answer !== undefined) {
    const { message, hint } = describeTraitProblem(leaf, answer, probes.trait)
    const code = answer.problem === 'missing' ? 'unknown-trait' : 'wrong-trait'
    const trait = answer.path.join('.')
    throw new WhenError(code, `when: ${message}${hint === '' ? '' : `; ${hint}`}`, { context: { trait } })
  }
  if (leaf.kind !== 'call') return probes.changed()
  const [first = '', second = ''] = leaf.arguments
  const text = String(first)
  switch (leaf.name) {
    case 'file_exists':
      return probes.fileExists(text, { signal })
    case 'dir_exists':
      return probes.dirExists(text, { signal })
    case 'process_running':
      return probes.processRunning(text, { signal })
    case 'service_running':
      return probes.serviceRunning(text, { signal })
    case 'has_package':
      return probes.packageInstalled(text, { signal })
    case 'command_succeeds':
      return probes.commandSucceeds(text, { signal })
    case 'hour_range':
      return isBetween(now().hour, Number(first), Number(second))
    case 'minute_range':
      return isBetween(now().minute, Number(first), Number(second))
    case 'day_of_week':
      return now().dayOfWeek === weekday(first)
    case 'day_of_month':
      return now().dayOfMonth === first
    case 'os_family':
    case 'distro':
    case 'arch':
    case 'version_ge':
    case 'hostname':
    case 'trait':
      throw new RangeError(`${leaf.name} is answered from traits`)
  }
}
