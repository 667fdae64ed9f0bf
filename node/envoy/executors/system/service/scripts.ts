import { access, readdir } from 'node:fs/promises'
import { ExecutorError } from '../../errors.ts'
import { findProgram } from '../../machine/index.ts'
import type { Machine } from '../../machine.ts'
import { lastWords } from '../../shell.ts'
import { invoke, mustInvoke } from '../invoke.ts'
import type { ServiceAction, ServiceContext, ServiceProvider } from './provider.ts'
import { hasStartLinks } from './start-links.ts'

const PROOF_MS = 1000
const SEARCH_PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
/** Where systemd is only installed, scripts would hand over to it. */
const environment = { SYSTEMCTL_SKIP_REDIRECT: '1' }

interface Flavour {
  readonly name: string
  /** Program and arguments that do something to a service. */
  line(action: 'start' | 'stop' | 'restart' | 'reload' | 'status', service: string): [string, string[]]
  isEnabled(machine: Machine, service: string): Promise<boolean>
  enabling(action: 'enable' | 'disable', service: string): Promise<[string, string[]][]>
}

/** Init systems whose services are scripts of /etc/init.d. */
function scripts(flavour: Flavour): ServiceProvider {
  const run = (context: ServiceContext, [program, args]: [string, string[]]) =>
    invoke(context.machine, context.budget, program, args, { environment })
  const provider: ServiceProvider = {
    name: flavour.name,
    idOf: service => service.replace(/\.service$/, ''),

    async state(service, context) {
      const id = provider.idOf(service)
      if (id.includes('/') || !(await exists(context.machine.path(`/etc/init.d/${id}`)))) return { kind: 'missing' }
      const { exitCode, ...output } = await run(context, flavour.line('status', id))
      const words = lastWords(output)
      // LSB: 0 runs, 1 and 2 are dead with leftovers, 3 does not run, 4 is not known; OpenRC: 3 stopped, 32 crashed.
      if (exitCode === null || exitCode === 4 || (exitCode > 4 && exitCode !== 32)) {
        throw new ExecutorError(
          'failed',
          `the script of ${id} does not say whether it runs (status ended with ${exitCode}): ${words}`,
        )
      }
      const isRunning = exitCode === 0
      const detail = isRunning ? 'running' : exitCode === 3 ? 'stopped' : 'dead'
      return {
        kind: 'present',
        isRunning,
        detail,
        isEnabled: await flavour.isEnabled(context.machine, id),
        canReload: true,
      }
    },

    async act(action, service, context) {
      const id = provider.idOf(service)
      const lines = isEnabling(action) ? await flavour.enabling(action, id) : [flavour.line(action, id)]
      for (const [program, args] of lines)
        await mustInvoke(context.machine, context.budget, program, args, { environment })
    },

    async requireUp(service, context) {
      for (const waitMs of [0, PROOF_MS]) {
        await context.budget.pause(waitMs)
        const state = await provider.state(service, context)
        if (state.kind === 'present' && state.isRunning) continue
        throw new ExecutorError('failed', `${provider.idOf(service)} does not stay up; look into its log`)
      }
    },

    lastWords: async () => '',
  }
  return provider
}

export const sysv = scripts({
  name: 'SysV',
  line: (action, service) => [`/etc/init.d/${service}`, [action]],
  isEnabled: hasStartLinks,
  enabling: async (action, service) => {
    if ((await findProgram('update-rc.d', SEARCH_PATH)) === null) {
      return [['chkconfig', [service, action === 'enable' ? 'on' : 'off']]]
    }
    const known: [string, string[]] = ['update-rc.d', [service, 'defaults']]
    return [known, ['update-rc.d', [service, action]]]
  },
})

export const openrc = scripts({
  name: 'OpenRC',
  line: (action, service) => ['rc-service', [service, action]],
  isEnabled: async (machine, service) => {
    const folder = machine.path('/etc/runlevels')
    const levels = await readdir(folder).catch(() => [])
    const lists = await Promise.all(levels.map(level => readdir(`${folder}/${level}`).catch(() => [])))
    return lists.flat().includes(service)
  },
  enabling: async (action, service) =>
    action === 'enable' ? [['rc-update', ['add', service, 'default']]] : [['rc-update', ['--all', 'del', service]]],
})

function isEnabling(action: ServiceAction): action is 'enable' | 'disable' {
  return action === 'enable' || action === 'disable'
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
