import type { Machine, RunOptions, RunResult } from './machine.ts'

/** The text comes by the environment, which only its user and root can read: arguments are shown to everybody. */
const EVALUATE = 'c=$VIGO_SHELL_COMMAND; unset VIGO_SHELL_COMMAND; eval "$c"'

/** Program, arguments and environment that do what `sh -c <command>` does. */
export function shellCommand(command: string): {
  readonly program: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
} {
  return { program: '/bin/sh', args: ['-c', EVALUATE], environment: { VIGO_SHELL_COMMAND: command } }
}

/** Runs a command of an author in the shell. @throws ExecutorError 'blocked' */
export async function runShell(machine: Machine, command: string, options: RunOptions): Promise<RunResult> {
  const { program, args, environment } = shellCommand(command)
  return await machine.run(program, args, { ...options, environment: { ...options.environment, ...environment } })
}

/** One word of a command, whatever it contains; a plain word stays plain, so that the author may have put quotes around it. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** The end of what a program said, for a message: its last lines that are not empty, standard error before standard output. */
export function lastWords({ stdout, stderr }: Pick<RunResult, 'stdout' | 'stderr'>): string {
  const text = stderr.trim() === '' ? stdout : stderr
  const lines = text.split('\n').filter(line => line.trim() !== '')
  return lines.slice(-3).join(' | ').slice(-400).trim()
}

/** How a program ended, as the end of a sentence. */
export function endOf({ exitCode, signal, isTimedOut }: RunResult, timeoutMs: number): string {
  if (isTimedOut) return `did not end within ${timeoutMs / 1000} s and was ended`
  return exitCode === null ? `was ended by ${signal}` : `ended with exit code ${exitCode}`
}
