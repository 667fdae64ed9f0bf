import { setTimeout as sleep } from 'node:timers/promises'
import type { AttributesOf, SchemaOf } from '#config/lang'
import { change } from '../change.ts'
import { ExecutorError } from '../errors.ts'
import type { Applied, ExecutorOf, ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { MissingYet, planned } from '../planned.ts'
import { shellCommand } from '../shell.ts'
import { type ProcessFilter, processesOf } from './process-table.ts'
import { requireUser, workingFolder } from './working-folder.ts'

type ProcessAttributes = AttributesOf<SchemaOf<'process'>>

const POLL_MS = 50

export const processExecutor: ExecutorOf<'process'> = planned<ProcessAttributes>(
  { type: 'process', reach: 'paths', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    const filter = await filterOf(attributes, machine, options)
    const running = await processesOf(filter, machine)
    const isWanted = attributes.state === 'running'
    if (running.length > 0 === isWanted) return { kind: 'compliant' }
    const isNow = running.length === 0 ? 'stopped' : `running (${running.length})`
    return {
      kind: 'different',
      changes: [change('state', isNow, attributes.state)],
      carryOut: () =>
        isWanted ? start(attributes, filter, machine, options) : stop(attributes, filter, machine, options),
    }
  },
)

/** Nobody is nobody's process: a user who does not exist yet has none. */
async function filterOf(
  { process, user }: ProcessAttributes,
  { accounts, isSandboxed }: Machine,
  { signal }: ExecutorOptions,
): Promise<ProcessFilter> {
  if (user === undefined || (isSandboxed && !accounts.canImpersonate)) return { name: process, uid: null }
  const account = await accounts.user(user, { signal })
  if (account !== null) return { name: process, uid: account.uid }
  throw new MissingYet(`this machine has no user '${user}'; declare it as a resource that this one depends on`)
}

async function start(
  { process, command, user, cwd, timeout }: ProcessAttributes,
  filter: ProcessFilter,
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<Applied> {
  if (command === undefined) throw new ExecutorError('failed', "process needs 'command' to start it")
  if (user !== undefined) await requireUser(user, machine, { signal })
  const { program, args, environment } = shellCommand(command)
  await machine.start(program, args, {
    signal,
    cwd: await workingFolder(cwd, machine),
    environment,
    ...(user === undefined ? {} : { user }),
  })
  const isThere = await within(timeout, signal, async () => (await processesOf(filter, machine)).length > 0)
  if (isThere) return {}
  throw new ExecutorError(
    'failed',
    `its command was started, and ${timeout} s later there is no process '${process}'; see that the command starts one of that name`,
  )
}

async function stop(
  { process: name, signal: ending, timeout }: ProcessAttributes,
  filter: ProcessFilter,
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<Applied> {
  for (const pid of await processesOf(filter, machine)) send(pid, `SIG${ending}`)
  const isGone = await within(timeout, signal, async () => (await processesOf(filter, machine)).length === 0)
  if (isGone) return {}
  throw new ExecutorError(
    'failed',
    `'${name}' still runs ${timeout} s after SIG${ending}; 'signal: KILL' ends it for sure`,
  )
}

function send(pid: number, ending: NodeJS.Signals): void {
  try {
    process.kill(pid, ending)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return
    throw new ExecutorError('blocked', `the agent may not end process ${pid}; start it as root`, { cause: error })
  }
}

async function within(timeoutSeconds: number, signal: AbortSignal, holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + timeoutSeconds * 1000
  for (;;) {
    if (await holds()) return true
    if (performance.now() > deadline) return false
    await sleep(POLL_MS, undefined, { signal })
  }
}
