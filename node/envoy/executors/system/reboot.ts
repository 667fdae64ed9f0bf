import { access, readFile } from 'node:fs/promises'
import { change } from '../change.ts'
import type { ExecutorOf } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { type Plan, planned } from '../planned.ts'
import { Budget } from './budget.ts'
import { mustInvoke } from './invoke.ts'

type RebootAttributes = Parameters<ExecutorOf<'reboot'>['check']>[0]

const TIMEOUT_SECONDS = 60
const DEFAULT_MESSAGE = 'Vigo restarts this machine'

export const rebootExecutor: ExecutorOf<'reboot'> = planned<RebootAttributes>(
  { type: 'reboot', reach: 'host', acts: 'always' },
  async (attributes, machine, { signal, isTriggered }) => {
    const { state, reboot_required_file: file } = attributes
    const at = await plannedRestart(machine)
    if (state === 'absent') {
      if (at === null) return { kind: 'compliant' }
      return {
        kind: 'different',
        changes: [change('restart', at, 'cancelled')],
        carryOut: async () => {
          await mustInvoke(machine, new Budget(TIMEOUT_SECONDS, signal), 'shutdown', ['-c'])
          return {}
        },
      }
    }
    const isAsked = file === undefined ? isTriggered : await exists(machine.path(file))
    if (!isAsked) {
      const reason = file === undefined ? 'nothing that the restart depends on has changed' : `${file} does not exist`
      return { kind: 'skipped', reason }
    }
    if (at !== null) return { kind: 'compliant' }
    const { delay_secs: minutes } = attributes
    return {
      kind: 'different',
      changes: [change('restart', 'not planned', minutes === 0 ? 'now' : `in ${minutes} minutes`)],
      carryOut: async () => {
        await planRestart(attributes, machine, signal)
        return {}
      },
    } satisfies Plan
  },
)

/** Despite the attribute's name the delay is in minutes, as shutdown(8) takes it. */
async function planRestart(
  { delay_secs: minutes, message }: RebootAttributes,
  machine: Machine,
  signal: AbortSignal,
): Promise<void> {
  const args = ['-r', `+${minutes}`, (message ?? DEFAULT_MESSAGE).replaceAll(/[\r\n\0]+/g, ' ')]
  if (await exists(machine.path('/run/systemd/system'))) {
    await mustInvoke(machine, new Budget(TIMEOUT_SECONDS, signal), 'shutdown', args)
    return
  }
  // SysV's waits in the foreground until it is time.
  await machine.start('shutdown', args, { signal })
}

/** When a restart that is planned happens, for people; null when none is. */
async function plannedRestart(machine: Machine): Promise<string | null> {
  const text = await readFile(machine.path('/run/systemd/shutdown/scheduled'), 'utf8').catch(() => null)
  if (text !== null) {
    const microseconds = Number(/^USEC=(\d+)$/m.exec(text)?.[1] ?? 0)
    return `planned for ${new Date(microseconds / 1000).toISOString()}`
  }
  return (await exists(machine.path('/run/shutdown.pid'))) ? 'planned' : null
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
