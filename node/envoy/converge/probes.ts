import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { localTimeOf, type Value, type WhenProbes } from '#config/lang'
import { codeOf } from '#node/kit'
import { type Executor, ExecutorError, type Machine } from '../executors/index.ts'

const COMMAND_TIMEOUT_MS = 60_000

export interface ProbeOptions {
  readonly machine: Machine
  readonly executorOf: (type: string) => Executor | undefined
  readonly nowMs: () => number
  readonly isChanged: boolean
}

/** Answers of this machine to conditions. Services and packages are asked of the executors that manage them. */
export function probesOf({ machine, executorOf, nowMs, isChanged }: ProbeOptions): WhenProbes {
  const holds = async (type: string, attributes: object, name: string, signal: AbortSignal): Promise<boolean> => {
    const executor = executorOf(type)
    if (executor === undefined)
      throw new ExecutorError('blocked', `this agent cannot tell: it has no executor '${type}'`)
    const options = { signal, name, isDryRun: true, isTriggered: false }
    const finding = await executor.check({ ...attributes }, machine, options)
    if (finding.kind === 'skipped') throw new ExecutorError('blocked', `it cannot be told: ${finding.reason}`)
    return finding.kind === 'compliant'
  }
  return {
    fileExists: async path => (await kindOf(machine.path(path))) === 'other',
    dirExists: async path => (await kindOf(machine.path(path))) === 'folder',
    processRunning: (name, { signal }) => isRunning(name, '/proc', signal),
    serviceRunning: (name, { signal }) =>
      holds('service', { service: name, state: 'running', timeout: 120 }, name, signal),
    packageInstalled: (name, { signal }) =>
      holds('package', { package: [name], state: 'present', ...PACKAGE_DEFAULTS }, name, signal),
    commandSucceeds: async (command, { signal }) => {
      const cwd = machine.path('/')
      const ran = await machine.run('sh', ['-c', command], { signal, timeoutMs: COMMAND_TIMEOUT_MS, cwd })
      if (ran.isTimedOut) {
        throw new ExecutorError(
          'failed',
          `the command of its condition took longer than ${COMMAND_TIMEOUT_MS / 1000} s`,
        )
      }
      return ran.exitCode === 0
    },
    now: () => localTimeOf(new Date(nowMs())),
    changed: () => isChanged,
    trait: path => machine.trait(path.join('.')) as Value | undefined,
  }
}

const PACKAGE_DEFAULTS = {
  allow_downgrade: false,
  lock_version: false,
  purge: false,
  update_cache: false,
  post_cleanup: false,
  timeout: 600,
}

/** Links are followed; what is not there, or hangs in the air, is nothing. */
async function kindOf(path: string): Promise<'folder' | 'other' | 'nothing'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'other'
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'nothing'
    throw error
  }
}

/** By the kernel's name, which is cut after 15 bytes, or the name of the program file. */
export async function isRunning(name: string, proc: string, signal: AbortSignal): Promise<boolean> {
  for (const pid of await readdir(proc)) {
    if (!/^[0-9]+$/.test(pid)) continue
    signal.throwIfAborted()
    const comm = await readFile(join(proc, pid, 'comm'), 'utf8').catch(() => '')
    if (comm.trimEnd() === name) return true
    if (name.length < 15 || comm.trimEnd() !== name.slice(0, 15)) continue
    const [program = ''] = (await readFile(join(proc, pid, 'cmdline'), 'utf8').catch(() => '')).split('\0')
    if (basename(program) === name) return true
  }
  return false
}
