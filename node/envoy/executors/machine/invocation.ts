import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import type { Logger } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import type { Account, Accounts, RunOptions } from '../machine.ts'
import { findProgram, requireProgram, SEARCH_PATH } from './program.ts'

/** What is given to the system: programs that set priority and user stand before the program itself and become it. */
export interface Invocation {
  readonly file: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
  readonly uid?: number
  readonly gid?: number
}

export interface InvocationContext {
  readonly root: string
  readonly isSandboxed: boolean
  readonly accounts: Accounts
  readonly searchPath: string
  readonly logger: Logger
}

/** The idle class of the disk scheduler; niceness below 19 lowers the disk priority by itself. */
const IDLE_NICENESS = 19

/** @throws ExecutorError 'blocked' for a program, user or right that is not there, 'failed' for a folder that is not there */
export async function invocationOf(
  program: string,
  args: readonly string[],
  options: Pick<RunOptions, 'signal' | 'cwd' | 'environment' | 'user' | 'nice'>,
  context: InvocationContext,
): Promise<Invocation> {
  const searchPath = options.environment?.['PATH'] ?? context.searchPath
  const account = await impersonated(options, context)
  const cwd = options.cwd ?? context.root
  await requireFolder(cwd)
  const environment = {
    PATH: searchPath,
    HOME: account?.home ?? homedir(),
    LANG: 'C.UTF-8',
    ...(context.isSandboxed ? { VIGO_ROOT: context.root } : {}),
    ...options.environment,
  }
  const line = [await requireProgram(program, searchPath), ...args]
  const asUser = account === null ? null : await userChange(account, context)
  const [file = '', ...rest] = [...(await priority(options.nice ?? 0)), ...(asUser?.before ?? []), ...line]
  return { file, args: rest, environment, cwd, ...asUser?.ids }
}

/** Null when it runs as the agent. */
async function impersonated(
  { user, signal }: Pick<RunOptions, 'user' | 'signal'>,
  { accounts, isSandboxed }: InvocationContext,
): Promise<Account | null> {
  if (user === undefined) return null
  if (!accounts.canImpersonate && isSandboxed) return null
  const account = await accounts.user(user, { signal })
  if (account === null) {
    throw new ExecutorError(
      'failed',
      `this machine has no user '${user}'; declare the user as a resource that this one depends on`,
    )
  }
  if (account.uid === process.getuid?.()) return null
  if (accounts.canImpersonate) return account
  throw new ExecutorError('blocked', `only root may run commands as '${user}'; start the agent as root`)
}

async function userChange(
  { name, uid, gid }: Account,
  { logger }: InvocationContext,
): Promise<{ before: readonly string[]; ids?: { uid: number; gid: number } }> {
  const setpriv = await findProgram('setpriv', SEARCH_PATH)
  const isNumber = /^\d+$/.test(name)
  if (setpriv === null) {
    logger.debug('no-setpriv', { user: name }, 'runs without the further groups of its user')
    return { before: [], ids: { uid, gid } }
  }
  const groups = isNumber ? '--clear-groups' : '--init-groups'
  return { before: [setpriv, `--reuid=${uid}`, `--regid=${gid}`, groups, '--'] }
}

async function priority(nice: number): Promise<readonly string[]> {
  if (nice <= 0) return []
  const before = [await requireProgram('nice', SEARCH_PATH), '-n', String(nice)]
  const ionice = nice >= IDLE_NICENESS ? await findProgram('ionice', SEARCH_PATH) : null
  return ionice === null ? before : [...before, ionice, '-c', '3', '-t']
}

async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found?.isDirectory() === true) return
  throw new ExecutorError('failed', `the working directory ${path} does not exist; declare it before the command`)
}
