import { ExecutorError } from '../../errors.ts'
import type { Machine } from '../../machine.ts'
import { lastWords as endOf } from '../../shell.ts'
import { Budget } from '../budget.ts'
import { invoke, mustInvoke } from '../invoke.ts'
import type { ServiceAction, ServiceContext, ServiceProvider } from './provider.ts'
import { hasStartLinks } from './start-links.ts'
import { detailOf, isUp, parseUnits, stateOf, UNIT_PROPERTIES, type Unit } from './unit.ts'

const SUFFIXES = /\.(?:service|socket|timer|target|path|mount|automount|swap|slice|scope)$/
const QUIET = ['--no-pager', '--no-ask-password']
/** A process of these types counts as started as soon as it exists, whether or not it ends in the next moment. */
const STARTED_BLINDLY = new Set(['simple', 'exec', 'idle'])
const PROOF_MS = 1000
const POLL_MS = 100
/** For what is said about a failure, when the resource's own time is over. */
const EXPLAIN_SECONDS = 5
const MAX_PREFETCH = 500

const prefetched = new WeakMap<Machine, ReadonlyMap<string, Unit>>()

export const systemd: ServiceProvider = {
  name: 'systemd',
  idOf,

  async state(service, context) {
    const id = idOf(service)
    const unit = prefetched.get(context.machine)?.get(id) ?? (await show(id, context))
    const isWrapped = unit.UnitFileState === 'generated'
    return stateOf(unit, isWrapped && (await hasStartLinks(context.machine, id.replace(/\.service$/, ''))))
  },

  async act(action, service, context) {
    const { machine, budget } = context
    const id = idOf(service)
    forgetUnits(machine)
    await reloadUnitFiles(id, context)
    const args = [...QUIET, action, '--', id]
    const result = await machine.run('systemctl', args, { signal: budget.signal, timeoutMs: budget.leftMs })
    if (result.exitCode === 0 && !result.isTimedOut) return
    throw new ExecutorError(
      'failed',
      await explained(id, context, result.isTimedOut ? slow(action, budget) : `did not ${action}: ${endOf(result)}`),
    )
  },

  async requireUp(service, context) {
    const id = idOf(service)
    let provenUntil: { pid: string; at: number } | undefined
    for (;;) {
      const unit = await show(id, context)
      if (hasDone(unit)) return
      if (hasFallen(unit)) throw new ExecutorError('failed', await explained(id, context, 'does not stay up'))
      if (isUp(unit)) {
        if (!STARTED_BLINDLY.has(unit.Type)) return
        if (provenUntil?.pid !== unit.MainPID) provenUntil = { pid: unit.MainPID, at: performance.now() + PROOF_MS }
        if (performance.now() >= provenUntil.at) return
      }
      if (context.budget.isUsedUp) {
        throw new ExecutorError('failed', await explained(id, context, slow('start', context.budget)))
      }
      await context.budget.pause(POLL_MS)
    }
  },

  lastWords: (service, context) => journal(idOf(service), context),
}

/**
 * Asks for the units of a whole run at once; checks take their answer until `forgetUnits`, which must be called as soon as anything at
 * all was applied to the machine. Without it every check asks for itself.
 */
export async function prefetchUnits(machine: Machine, services: readonly string[], signal: AbortSignal): Promise<void> {
  const ids = [...new Set(services.map(idOf))].slice(0, MAX_PREFETCH)
  if (ids.length === 0) return
  const context = { machine, budget: new Budget(EXPLAIN_SECONDS * 4, signal) }
  const units = await showAll(ids, context).catch(() => [])
  signal.throwIfAborted()
  // Asked by an alias, a unit answers with its own name, and templates with none: places tell which is which.
  prefetched.set(machine, new Map(ids.flatMap((id, at) => (units[at] === undefined ? [] : [[id, units[at]]]))))
}

export function forgetUnits(machine: Machine): void {
  prefetched.delete(machine)
}

function idOf(service: string): string {
  return SUFFIXES.test(service) ? service : `${service}.service`
}

async function show(id: string, context: ServiceContext): Promise<Unit> {
  const [unit] = await showAll([id], context)
  if (unit === undefined) throw new ExecutorError('blocked', `systemd tells nothing about ${id}`)
  return unit
}

async function showAll(ids: readonly string[], { machine, budget }: ServiceContext): Promise<Unit[]> {
  const args = [...QUIET, 'show', `--property=${UNIT_PROPERTIES.join(',')}`, '--', ...ids]
  const result = await invoke(machine, budget, 'systemctl', args, { maxOutputBytes: 4 * 2 ** 20 })
  if (result.exitCode !== 0) throw new ExecutorError('blocked', `systemd does not answer: ${endOf(result)}`)
  return parseUnits(result.stdout)
}

/** systemd acts on the unit file that it read last. */
async function reloadUnitFiles(id: string, context: ServiceContext): Promise<void> {
  const { LoadState, NeedDaemonReload } = await show(id, context)
  if (NeedDaemonReload === 'yes' || LoadState === 'not-found') {
    await mustInvoke(context.machine, context.budget, 'systemctl', [...QUIET, 'daemon-reload'])
  }
}

/** systemd forgets at once that a task which leaves nothing behind has run. */
function hasDone({ Type, ActiveState, Result }: Unit): boolean {
  return Type === 'oneshot' && ActiveState === 'inactive' && Result === 'success'
}

function hasFallen(unit: Unit): boolean {
  if (unit.ActiveState === 'failed' || unit.SubState === 'auto-restart') return true
  return unit.ActiveState === 'inactive' && !isUp(unit)
}

function slow(action: ServiceAction, { seconds }: Budget): string {
  return `did not ${action} within ${seconds} s; raise 'timeout' if it needs longer`
}

async function explained(id: string, context: ServiceContext, what: string): Promise<string> {
  const unit = await show(id, explaining(context)).catch(() => null)
  const words = await journal(id, context)
  const detail = unit === null ? '' : `; it is ${detailOf(unit)}`
  return `${id} ${what}${detail}${words === '' ? '' : `; its log ends with: ${words}`}`
}

async function journal(id: string, context: ServiceContext): Promise<string> {
  const { machine, budget } = explaining(context)
  const since = `--since=@${Math.floor(context.budget.startedAt / 1000)}`
  const args = ['--unit', id, since, '--lines=8', '--quiet', '--no-pager', '--output=cat']
  const result = await invoke(machine, budget, 'journalctl', args).catch(() => null)
  context.budget.signal.throwIfAborted()
  return result?.exitCode === 0 ? result.stdout.trim().split('\n').join(' | ').slice(-1200) : ''
}

function explaining({ machine, budget }: ServiceContext): ServiceContext {
  return { machine, budget: new Budget(EXPLAIN_SECONDS, budget.signal) }
}
