import { stat } from 'node:fs/promises'
import type { Machine } from '../machine.ts'
import { MissingYet } from '../planned.ts'

/** Where a command of the configuration runs: below the root. @throws MissingYet */
export async function workingFolder(cwd: string, machine: Machine): Promise<string> {
  const path = machine.path(cwd)
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory() === true) return path
  throw new MissingYet(`the working directory ${cwd} does not exist; declare it as a resource that this one depends on`)
}

/** @throws MissingYet */
export async function requireUser(
  user: string,
  { accounts, isSandboxed }: Machine,
  options: { signal: AbortSignal },
): Promise<void> {
  if (isSandboxed && !accounts.canImpersonate) return
  if ((await accounts.user(user, options)) !== null) return
  throw new MissingYet(`this machine has no user '${user}'; declare it as a resource that this one depends on`)
}
