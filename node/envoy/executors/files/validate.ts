import { ExecutorError } from '../errors.ts'
import type { ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import type { Temporary } from '../safe-files/index.ts'
import { endOf, lastWords, quoted, runShell } from '../shell.ts'

const TIMEOUT_MS = 60_000

/** Lets a command of the author look at the new contents before they are in place. @throws ExecutorError 'unsafe' when it fails */
export async function validateContents(
  command: string,
  { realPath }: Temporary,
  shown: string,
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<void> {
  const filled = command.replaceAll('%', () => quoted(realPath))
  const result = await runShell(machine, filled, { signal, timeoutMs: TIMEOUT_MS })
  if (result.exitCode === 0) return
  const words = lastWords(result).replaceAll(realPath, shown)
  const what = `${shown} was not changed: its 'validate' command ${endOf(result, TIMEOUT_MS)}`
  throw new ExecutorError('unsafe', words === '' ? what : `${what}: ${words}`)
}
