/*
 * What belongs to the agent and the server on a machine. Paths are in their real form: `/run`, not `/var/run`; `/usr/bin`, not `/bin`.
 */

const PROGRAMS = ['vigo', 'vigosrv', 'vigocli']
const UNITS = ['vigo', 'vigo-agent', 'vigo-envoy', 'vigosrv', 'vigo-server']

/** Folders of which nothing may be touched, nor they themselves. */
const FOLDERS = [
  '/etc/vigo',
  '/var/lib/vigo',
  '/srv/vigo',
  '/run/vigo',
  '/usr/lib/vigo',
  '/usr/local/lib/vigo',
  '/opt/vigo',
]

const BIN_FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin']
const UNIT_FOLDERS = [
  '/etc/systemd/system',
  '/usr/lib/systemd/system',
  '/usr/local/lib/systemd/system',
  '/run/systemd/system',
]
const UNIT_KINDS = ['service', 'socket', 'timer', 'path']

/** Each covers what is below it. */
export const ownPaths: readonly string[] = [
  ...FOLDERS,
  ...BIN_FOLDERS.flatMap(folder => PROGRAMS.map(program => `${folder}/${program}`)),
  ...UNIT_FOLDERS.flatMap(folder =>
    UNITS.flatMap(unit => UNIT_KINDS.flatMap(kind => [`${folder}/${unit}.${kind}`, `${folder}/${unit}.${kind}.d`])),
  ),
  ...UNITS.flatMap(unit => [
    `/etc/systemd/system/multi-user.target.wants/${unit}.service`,
    `/etc/init.d/${unit}`,
    `/etc/default/${unit}`,
  ]),
]

/** A unit, service, process or package of ours; `*` and `?` in the name count as what they could stand for. */
export function isOwnService(name: string): boolean {
  return UNITS.some(unit => covers(name.replace(/\.(?:service|socket|timer|path)$/, ''), unit))
}

export function isOwnProgram(name: string): boolean {
  return [...PROGRAMS, ...UNITS].some(program => covers(name, program))
}

/** Names as package managers take them: `vigo=1.2`, `vigo:amd64`, `vigo/stable`. */
export function isOwnPackage(name: string): boolean {
  return isOwnProgram(name.replace(/[:=/<>~].*$/, '').trim())
}

function covers(pattern: string, name: string): boolean {
  return segmentPattern(pattern).test(name)
}

/** Longer names do not exist in file systems. */
const MAX_SEGMENT = 255
const NEVER = /^(?!)/

/** One part of a path, as a shell expands it: `*`, `?`, `[…]`, `{a,b}`. */
export function segmentPattern(segment: string): RegExp {
  if (segment.length > MAX_SEGMENT) return NEVER
  let source = ''
  let depth = 0
  for (let at = 0; at < segment.length; at++) {
    const char = segment[at] ?? ''
    const close = char === '[' ? segment.indexOf(']', at + 2) : -1
    if (close > 0) {
      source += '[^/]'
      at = close
    } else if (char === '*') source += source.endsWith('.*') ? '' : '.*'
    else if (char === '?') source += '.'
    else if (char === '{' && segment.indexOf('}', at) > 0) {
      source += '(?:'
      depth++
    } else if (char === '}' && depth > 0) {
      source += ')'
      depth--
    } else if (char === ',' && depth > 0) source += '|'
    else source += char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
  }
  return new RegExp(`^(?:${source}${')'.repeat(depth)})$`, 's')
}
