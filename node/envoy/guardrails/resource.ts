import type { BundleResource } from '#config/store'
import { type CommandOptions, refusalOfCommand } from './command.ts'
import { isOwnPackage, isOwnProgram, isOwnService } from './own.ts'
import { relationOf } from './path.ts'

type Guarded = Pick<BundleResource, 'type' | 'attributes'> & Partial<Pick<BundleResource, 'when'>>

/** Attributes whose path is written to, by any type that has them. */
const PATHS = ['target_path', 'path', 'home', 'prefix']

/** Attributes that a shell runs. */
const COMMANDS = [
  'command',
  'onlyif',
  'unless',
  'validate',
  'restart_command',
  'reload_command',
  'configure_command',
  'build_command',
  'install_command',
  'uninstall_command',
]

/** What a condition runs to be decided. */
const CONDITION_COMMAND = /command_succeeds\s*\(\s*(['"])((?:\\.|(?!\1).)*)\1/gs

/** Commands of these run in a machine of their own. */
const ELSEWHERE = new Set(['container', 'vm'])

/**
 * Why a resource must not be applied by this agent, whatever a release says, or null: it would touch, stop or remove the agent or the
 * server themselves, or obviously destroy the machine. Paths are read as text; links on the way are the executors' matter.
 */
export function refusalOf(resource: Guarded, options: CommandOptions = {}): string | null {
  return (
    refusalOfPaths(resource, options) ??
    refusalOfServices(resource) ??
    refusalOfPackages(resource) ??
    refusalOfAccounts(resource) ??
    refusalOfCommands(resource, options)
  )
}

/** Whether applying it may end this very agent in the middle of a run. */
export function mayEndAgent({ type, attributes }: Guarded): boolean {
  return type === 'reboot' || (type === 'service' && isOwnService(textOf(attributes['service'])))
}

function refusalOfPaths({ type, attributes }: Guarded, { root }: CommandOptions): string | null {
  const where = root === undefined ? {} : { root }
  for (const name of PATHS) {
    const path = attributes[name]
    if (typeof path !== 'string' || !path.startsWith('/')) continue
    const relation = relationOf(path.replace(/[*?[{]/g, '_'), where)
    if (relation === 'inside') return protectedPath(path)
    if (relation === 'above' && takesAll(type, name, attributes)) {
      return `what belongs to vigo lies below ${path}, and it would be hit too`
    }
  }
  for (const volume of type === 'container' ? listOf(attributes['volumes']) : []) {
    const [host = ''] = volume.split(':')
    if (host.startsWith('/') && relationOf(host, where) === 'inside') return protectedPath(host)
  }
  return null
}

/** Whether the resource replaces, removes or changes everything below its path. */
function takesAll(type: string, name: string, attributes: Guarded['attributes']): boolean {
  if (type === 'directory') return attributes['state'] === 'absent' || attributes['recurse'] === true
  if (type === 'user') return attributes['state'] === 'absent' || attributes['manage_home'] !== false
  return type !== 'mount' && name !== 'prefix'
}

function refusalOfServices({ type, attributes }: Guarded): string | null {
  const name = textOf(attributes['service'])
  const isEnding = attributes['state'] === 'stopped' || attributes['enabled'] === false
  if (type === 'service' && isEnding && isOwnService(name)) return ownService(name)
  const process = textOf(attributes['process'])
  if (type === 'process' && attributes['state'] === 'stopped' && isOwnProgram(process)) return ownService(process)
  return null
}

function refusalOfPackages({ type, attributes }: Guarded): string | null {
  if (!type.endsWith('package') || attributes['state'] !== 'absent') return null
  const own = listOf(attributes['package']).find(isOwnPackage)
  return own === undefined
    ? null
    : `the package '${own}' keeps this machine in its state and is not removed by configuration`
}

function refusalOfAccounts({ type, attributes }: Guarded): string | null {
  if (attributes['state'] !== 'absent') return null
  const isRoot =
    (type === 'user' && attributes['username'] === 'root') || (type === 'group' && attributes['groupname'] === 'root')
  return isRoot ? `the ${type} root is not removed by configuration` : null
}

function refusalOfCommands({ type, attributes, when = '' }: Guarded, options: CommandOptions): string | null {
  for (const [, , command = ''] of when.matchAll(CONDITION_COMMAND)) {
    const refusal = refusalOfCommand(command.replace(/\\(.)/g, '$1'), options)
    if (refusal !== null) return `its condition is not asked: ${refusal}`
  }
  if (ELSEWHERE.has(type)) return null
  const cwd = attributes['cwd']
  for (const name of COMMANDS) {
    const text = attributes[name]
    if (typeof text !== 'string') continue
    const refusal = refusalOfCommand(text, { ...options, ...(typeof cwd === 'string' ? { cwd } : {}) })
    if (refusal !== null) return `'${name}' is not run: ${refusal}`
  }
  return null
}

function protectedPath(path: string): string {
  return `${path} belongs to vigo itself and is not managed by configuration`
}

function ownService(name: string): string {
  return `'${name}' keeps this machine in its state and is not stopped or disabled by configuration`
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function listOf(value: unknown): string[] {
  if (typeof value === 'string') return value.split(',').map(item => item.trim())
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}
