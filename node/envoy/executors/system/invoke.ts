import { ExecutorError } from '../errors.ts'
import type { Machine, RunOptions, RunResult } from '../machine.ts'
import type { Budget } from './budget.ts'

export type InvokeOptions = Pick<RunOptions, 'cwd' | 'environment' | 'stdin' | 'user' | 'maxOutputBytes'>

const MAX_SAID = 1500

/** Runs a program within the budget. @throws ExecutorError 'failed' when the time is over */
export async function invoke(
  machine: Machine,
  budget: Budget,
  program: string,
  args: readonly string[],
  options: InvokeOptions = {},
): Promise<RunResult> {
  const result = await machine.run(program, args, { ...options, signal: budget.signal, timeoutMs: budget.leftMs })
  if (!result.isTimedOut) return result
  throw new ExecutorError(
    'failed',
    `${shown(program, args)} did not end within ${budget.seconds} s and was ended; raise 'timeout' if it needs longer${said(result)}`,
  )
}

/** As `invoke`; another exit code than 0 is an error with what was printed. @throws ExecutorError 'failed' */
export async function mustInvoke(
  machine: Machine,
  budget: Budget,
  program: string,
  args: readonly string[],
  options: InvokeOptions = {},
): Promise<RunResult> {
  const result = await invoke(machine, budget, program, args, options)
  if (result.exitCode === 0) return result
  throw new ExecutorError('failed', `${shown(program, args)} ${ending(result)}${said(result)}`)
}

/** `ended with 1`, `was ended by SIGTERM`. */
export function ending({ exitCode, signal }: RunResult): string {
  return exitCode === null ? `was ended by ${signal ?? 'a signal'}` : `ended with ${exitCode}`
}

/** The end of what a program printed, as the end of a sentence; empty when it printed nothing. */
export function said({ stdout, stderr }: Pick<RunResult, 'stdout' | 'stderr'>): string {
  const text = (stderr.trim() === '' ? stdout : stderr).trim()
  if (text === '') return ''
  return `: ${text.length > MAX_SAID ? `…${text.slice(-MAX_SAID)}` : text}`
}

/** A command line for people, shortened. */
export function shown(program: string, args: readonly string[]): string {
  const line = [program, ...args].join(' ')
  return `'${line.length > 160 ? `${line.slice(0, 160)}…` : line}'`
}
