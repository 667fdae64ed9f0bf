import { MAX_GLOB_STARS } from './limits.ts'
import { weekday } from './local-time.ts'
import type { BuiltinName, IdentifierName } from './tree.ts'

/** What an argument is; the check says what is wrong with a value, or nothing. */
export interface Parameter {
  readonly name: string
  readonly kind: 'text' | 'integer' | 'either'
  readonly check?: (value: string | number) => string | undefined
}

export interface Builtin {
  /** `server`: decided from the traits that the server has. `agent`: asked of the machine when the resource is due. */
  readonly side: 'server' | 'agent'
  readonly parameters: readonly Parameter[]
  readonly description: string
  /** What is wrong with the arguments together. */
  readonly check?: (values: readonly (string | number)[]) => string | undefined
}

const path: Parameter = { name: 'PATH', kind: 'text', check: absolute }
const name: Parameter = { name: 'NAME', kind: 'text' }

/** Functions of conditions. */
export const builtins: Readonly<Record<BuiltinName, Builtin>> = {
  file_exists: {
    side: 'agent',
    parameters: [path],
    description: 'there is something at the path that is not a directory; links are followed',
  },
  dir_exists: {
    side: 'agent',
    parameters: [path],
    description: 'there is a directory at the path; links are followed',
  },
  process_running: { side: 'agent', parameters: [name], description: 'a process of this name runs' },
  service_running: { side: 'agent', parameters: [name], description: 'the service manager says that the service runs' },
  has_package: { side: 'agent', parameters: [name], description: 'the package is installed' },
  command_succeeds: {
    side: 'agent',
    parameters: [{ name: 'COMMAND', kind: 'text' }],
    description: 'the command, run by the shell, exits with 0',
  },
  hour_range: {
    side: 'agent',
    parameters: [between('FROM', 0, 23), between('TO', 0, 24)],
    description: 'the hour of local time is FROM or later and before TO; past midnight when FROM is after TO',
    check: different,
  },
  minute_range: {
    side: 'agent',
    parameters: [between('FROM', 0, 59), between('TO', 0, 60)],
    description: 'the minute of the hour is FROM or later and before TO; past the hour when FROM is after TO',
    check: different,
  },
  day_of_week: {
    side: 'agent',
    parameters: [{ name: 'DAY', kind: 'either', check: day }],
    description: "the day of local time: 'monday', 'mon', or 0 (Sunday) to 7 (Sunday again)",
  },
  day_of_month: {
    side: 'agent',
    parameters: [between('DAY', 1, 31)],
    description: 'the day of the month of local time',
  },
  os_family: {
    side: 'server',
    parameters: [{ name: 'FAMILY', kind: 'text' }],
    description: 'the trait os.family, in any case',
  },
  distro: { side: 'server', parameters: [name], description: 'the trait os.distro, in any case' },
  arch: {
    side: 'server',
    parameters: [{ name: 'ARCH', kind: 'text' }],
    description: 'the trait os.arch; amd64 and x86_64, arm64 and aarch64, 386, i386 and i686 are the same',
  },
  version_ge: {
    side: 'server',
    parameters: [{ name: 'VERSION', kind: 'text', check: version }],
    description: 'the trait os.version is this version or a later one, compared number by number',
  },
  hostname: {
    side: 'server',
    parameters: [{ name: 'GLOB', kind: 'text', check: glob }],
    description: 'the trait network.hostname matches the glob, as in match:',
  },
  trait: {
    side: 'server',
    parameters: [
      { name: 'PATH', kind: 'text', check: traitPath },
      { name: 'VALUE', kind: 'either' },
    ],
    description: 'the trait has the value, or is a list that contains it; numbers and booleans as they print',
  },
}

/** Names without parentheses. */
export const identifiers: Readonly<
  Record<IdentifierName, { readonly side: 'server' | 'agent'; readonly description: string }>
> = {
  is_container: { side: 'server', description: 'the trait is_container' },
  has_enough_ram: {
    side: 'server',
    description: 'the trait has_enough_ram; without it, whether hardware.memory_mb is 1024 or more',
  },
  host_is_libvirt: { side: 'server', description: 'the trait host_is_libvirt' },
  changed: { side: 'agent', description: 'a resource that notifies this one, or that it subscribes to, has changed' },
}

/** Names of a path: `os.family`. */
export const TRAIT_PATH = /^[A-Za-z_][\w-]*(?:\.[A-Za-z0-9_][\w-]*)*$/

/** `hour_range(FROM, TO)`. */
export function usageOf(builtin: BuiltinName): string {
  return `${builtin}(${builtins[builtin].parameters.map(parameter => parameter.name).join(', ')})`
}

function between(title: string, least: number, most: number): Parameter {
  const check = (value: string | number): string | undefined =>
    Number(value) >= least && Number(value) <= most ? undefined : `must be ${least} to ${most}`
  return { name: title, kind: 'integer', check }
}

function different([from, to]: readonly (string | number)[]): string | undefined {
  return from === to ? 'is never true: its ends are the same' : undefined
}

function absolute(value: string | number): string | undefined {
  return /^(?:\/|[A-Za-z]:[\\/])/.test(String(value)) ? undefined : 'must be an absolute path'
}

function day(value: string | number): string | undefined {
  return weekday(value) === undefined ? "must be a day: 'monday', 'mon', or 0 (Sunday) to 7 (Sunday)" : undefined
}

function version(value: string | number): string | undefined {
  return /^\d/.test(String(value)) ? undefined : "must begin with a digit: '22.04'"
}

function glob(value: string | number): string | undefined {
  const text = String(value)
  if (text.length > 255) return 'must not be longer than a host name'
  return text.split('*').length - 1 > MAX_GLOB_STARS ? `must not have more than ${MAX_GLOB_STARS} stars` : undefined
}

function traitPath(value: string | number): string | undefined {
  return TRAIT_PATH.test(String(value)) ? undefined : "must be a path of names: 'os.family'"
}
