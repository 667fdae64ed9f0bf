import { changesOf } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { ExecutorOf, ExecutorOptions } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { MissingYet, type Plan, planned } from '../../planned.ts'
import { endOf, lastWords, runShell } from '../../shell.ts'
import { Budget } from '../budget.ts'
import { serviceProvider } from './detect.ts'
import type { ServiceAction, ServiceContext, ServiceProvider, ServiceState } from './provider.ts'

type ServiceAttributes = Parameters<ExecutorOf<'service'>['check']>[0]
type Steps = readonly ServiceAction[]

export const serviceExecutor: ExecutorOf<'service'> = planned<ServiceAttributes>(
  { type: 'service', reach: 'host', acts: 'always' },
  async (attributes, machine, options) => {
    const provider = await serviceProvider(machine)
    const context = { machine, budget: new Budget(attributes.timeout, options.signal) }
    const state = await provider.state(attributes.service, context)
    return plan(attributes, state, provider, context, options)
  },
)

function plan(
  attributes: ServiceAttributes,
  state: ServiceState,
  provider: ServiceProvider,
  context: ServiceContext,
  { isTriggered }: ExecutorOptions,
): Plan {
  const { service, enabled } = attributes
  const id = provider.idOf(service)
  const isWanted = attributes.state !== 'stopped' || enabled === true
  if (state.kind === 'missing') {
    if (!isWanted) return { kind: 'compliant' }
    throw new MissingYet(
      `${provider.name} knows no service ${id}; declare the package that brings it before this resource`,
    )
  }
  if (state.kind === 'unusable' && isWanted) throw new ExecutorError('blocked', `${id} ${state.reason}`)
  const acting = actionFor(attributes, state, id, isTriggered)
  const enabling = enabledStep(enabled, state)
  const detail = state.kind === 'present' ? state.detail : 'running'
  const changes = changesOf(
    ['state', acting === null ? '' : detail, acting === null ? '' : attributes.state],
    ['enabled', enabling === null ? '' : String(state.isEnabled), enabling === null ? '' : String(enabled)],
  )
  if (changes.length === 0) {
    const waits = attributes.state === 'restarted' || attributes.state === 'reloaded'
    return waits ? { kind: 'skipped', reason: `nothing that ${id} depends on has changed` } : { kind: 'compliant' }
  }
  const steps = [enabling, acting].filter(step => step !== null)
  return {
    kind: 'different',
    changes,
    carryOut: async () => {
      for (const step of steps) await carryOut(step, attributes, provider, context)
      return {}
    },
  }
}

/** What brings it into its state; null when it is. */
function actionFor(
  { state: wanted, reload_command }: ServiceAttributes,
  state: Exclude<ServiceState, { kind: 'missing' }>,
  id: string,
  isTriggered: boolean,
): ServiceAction | null {
  switch (wanted) {
    case 'running':
      return state.isRunning ? null : 'start'
    case 'stopped':
      return state.isRunning || (state.kind === 'present' && isInBetween(state.detail)) ? 'stop' : null
    case 'restarted':
      return isTriggered ? 'restart' : null
    case 'reloaded':
      if (!isTriggered) return null
      // Starting reads the configuration too.
      if (!state.isRunning) return 'start'
      if (state.kind === 'present' && !state.canReload && reload_command === undefined) {
        throw new ExecutorError('failed', `${id} cannot be reloaded; say 'state: restarted', or a 'reload_command'`)
      }
      return 'reload'
  }
}

/** A unit that starts again and again does not run, and has not stopped either. */
function isInBetween(detail: string): boolean {
  return /^(?:activating|deactivating)/.test(detail)
}

function enabledStep(
  enabled: boolean | undefined,
  { isEnabled }: Exclude<ServiceState, { kind: 'missing' }>,
): 'enable' | 'disable' | null {
  if (enabled === undefined || isEnabled === 'fixed' || enabled === isEnabled) return null
  return enabled ? 'enable' : 'disable'
}

async function carryOut(
  step: Steps[number],
  { service, restart_command, reload_command }: ServiceAttributes,
  provider: ServiceProvider,
  context: ServiceContext,
): Promise<void> {
  const command = { restart: restart_command, reload: reload_command }[step as string]
  if (command === undefined) await provider.act(step, service, context)
  else await runCommand(command, step, provider.idOf(service), context)
  if (step === 'start' || step === 'restart' || step === 'reload') await provider.requireUp(service, context)
}

async function runCommand(
  command: string,
  step: string,
  id: string,
  { machine, budget }: ServiceContext,
): Promise<void> {
  const timeoutMs = budget.seconds * 1000
  const result = await runShell(machine as Machine, command, { signal: budget.signal, timeoutMs: budget.leftMs })
  if (result.exitCode === 0 && !result.isTimedOut) return
  throw new ExecutorError('failed', `${step}_command of ${id} ${endOf(result, timeoutMs)}: ${lastWords(result)}`)
}
