import type { InstalledPackage, Inventory } from '../provider.ts'

const PACKAGE = /^Package: *(.*)$/m
const STATUS = /^Status: *(.*)$/m
const VERSION = /^Version: *(.*)$/m
const ARCHITECTURE = /^Architecture: *(.*)$/m
const PROVIDES = /^Provides: *(.*)$/m

/**
 * What dpkg's `status` file says, one paragraph for each package and architecture. It is read instead of asking `dpkg-query`, which for
 * every question reads the same file in a process of its own.
 */
export function parseDpkgStatus(text: string): Inventory {
  const packages = new Map<string, InstalledPackage>()
  const provided = new Set<string>()
  for (const paragraph of text.split(/\n\n+/)) {
    const field = (pattern: RegExp) => pattern.exec(paragraph)?.[1]?.trim()
    const name = field(PACKAGE)
    const [selection, , status] = (field(STATUS) ?? '').split(' ')
    if (name === undefined || status === undefined || status === 'not-installed') continue
    const state = stateOf(status)
    const found = { versions: [field(VERSION) ?? ''], state, isHeld: selection === 'hold' }
    packages.set(`${name}:${field(ARCHITECTURE) ?? ''}`, found)
    const other = packages.get(name)
    // Of several architectures the one that is installed counts.
    if (other === undefined || other.state === 'configured-rest') packages.set(name, found)
    if (state === 'installed') for (const virtual of providedBy(field(PROVIDES))) provided.add(virtual)
  }
  return { get: name => packages.get(name), provides: async name => provided.has(name) }
}

function stateOf(status: string): InstalledPackage['state'] {
  if (status === 'installed') return 'installed'
  return status === 'config-files' ? 'configured-rest' : 'broken'
}

function providedBy(field: string | undefined): string[] {
  return (field ?? '')
    .split(',')
    .map(each => each.trim().split(/[ (:]/, 1)[0] ?? '')
    .filter(each => each !== '')
}
