import { join, posix } from 'node:path'
import type { Layout, Logger } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import type { Machine, RunOptions, RunResult } from '../machine.ts'
import { createAccounts } from './accounts.ts'
import { downloadTo } from './download.ts'
import { type InvocationContext, invocationOf } from './invocation.ts'
import { findProgram, SEARCH_PATH } from './program.ts'
import { runToEnd, startDetached } from './run.ts'

const NAME_SERVICE_MS = 10_000

export interface MachineOptions {
  readonly layout: Layout
  /** Values of the last collection of traits, by path. */
  readonly trait: (path: string) => unknown
  readonly artifact: Machine['artifact']
  readonly logger: Logger
  /** Folders of programs, with colons between. Default: the system's. */
  readonly searchPath?: string
}

/** The real machine, or a sandbox where the layout's root is not `/`. */
export function createMachine({ layout, trait, artifact, logger, searchPath = SEARCH_PATH }: MachineOptions): Machine {
  const { root, sandboxed: isSandboxed } = layout
  const run = async (program: string, args: readonly string[], options: RunOptions): Promise<RunResult> =>
    await runToEnd(await invocationOf(program, args, options, context), options)
  const accounts = createAccounts({
    passwd: '/etc/passwd',
    group: '/etc/group',
    canImpersonate: process.getuid?.() === 0,
    ask: async (database, key, { signal }) => {
      if (key.startsWith('-') || (await findProgram('getent', SEARCH_PATH)) === null) return null
      const { exitCode, stdout } = await run('getent', [database, key], { signal, timeoutMs: NAME_SERVICE_MS })
      return exitCode === 0 ? stdout : null
    },
  })
  const context: InvocationContext = { root, isSandboxed, accounts, searchPath, logger }
  const stateFolder = join(layout.state, 'executors')
  return {
    root,
    isSandboxed,
    trait,
    path: absolute => join(root, lexical(absolute)),
    run,
    start: async (program, args, options) =>
      await startDetached(await invocationOf(program, args, options, context), options),
    accounts,
    artifact,
    download: (url, options) => downloadTo(join(stateFolder, 'downloads'), url, options),
    stateFolder,
    usercratePolicy: layout.usercratePolicy,
    logger,
  }
}

/** As it is below the root: absolute, without `.`, `..`, doubled and final slashes. @throws ExecutorError 'failed' */
export function lexical(path: string): string {
  if (!path.startsWith('/') || path.includes('\0')) {
    throw new ExecutorError(
      'failed',
      `'${path.replaceAll('\0', '\\0').slice(0, 200)}' is no absolute path; start it with a slash`,
    )
  }
  const normal = posix.normalize(path)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}
