import { stat } from 'node:fs/promises'
import type { Machine } from '../../../machine.ts'
import { invoke, mustInvoke } from '../../invoke.ts'
import { Remembered } from '../../remembered.ts'
import type { InstalledPackage, Inventory, PackageContext } from '../provider.ts'
import { compareEvr } from './version-order.ts'

const QUERY = '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\t%{ARCH}\\n'
const folders = new WeakMap<Machine, string>()
const remembered = new Remembered<ReadonlyMap<string, readonly string[]>>()

/** What rpm's database says, asked once until it changes; `heldNames` are those that a lock of the package manager keeps. */
export async function rpmInventory(context: PackageContext, heldNames: ReadonlySet<string>): Promise<Inventory> {
  const { machine, budget } = context
  const versions = await remembered.get(machine, await rpmDatabase(context), async () => {
    const { stdout } = await mustInvoke(machine, budget, 'rpm', ['-qa', '--qf', QUERY], {
      maxOutputBytes: 32 * 2 ** 20,
    })
    return parseRpmList(stdout)
  })
  return {
    get: name => {
      const found = versions.get(name)
      if (found === undefined) return undefined
      const isHeld = heldNames.has(name.replace(/\.[^.]+$/, '')) || heldNames.has(name)
      return { versions: found, state: 'installed', isHeld } satisfies InstalledPackage
    },
    provides: async name => (await invoke(machine, budget, 'rpm', ['-q', '--whatprovides', '--', name])).exitCode === 0,
  }
}

/** Where the database is depends on the distribution, and what its file is called on the age of rpm. */
export async function rpmDatabase(context: PackageContext): Promise<string[]> {
  const { machine, budget } = context
  const known = folders.get(machine)
  const folder = known ?? (await mustInvoke(machine, budget, 'rpm', ['--eval', '%_dbpath'])).stdout.trim()
  folders.set(machine, folder)
  const files = ['rpmdb.sqlite', 'Packages', 'Packages.db'].map(file => machine.path(`${folder}/${file}`))
  // Every reader makes an empty log of its own; only one with contents tells of a change.
  const log = machine.path(`${folder}/rpmdb.sqlite-wal`)
  const hasChanges = await stat(log).then(
    ({ size }) => size > 0,
    () => false,
  )
  return hasChanges ? [...files, log] : files
}

/** After a change of one's own; the clock of a file system may be too coarse to tell. */
export function forgetRpmDatabase(machine: Machine): void {
  remembered.forget(machine)
}

/** Versions by name and by `name.architecture`, oldest first. */
export function parseRpmList(text: string): Map<string, string[]> {
  const versions = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [name = '', evr = '', architecture = ''] = line.split('\t')
    if (name === '' || evr === '') continue
    for (const key of [name, `${name}.${architecture}`]) {
      const known = versions.get(key) ?? []
      known.push(evr.replace(/^0:/, ''))
      versions.set(key, known)
    }
  }
  for (const known of versions.values()) known.sort(compareEvr)
  return versions
}

/** Words that a package name of an rpm system may be: also `name.arch`. */
export function rpmObjection(name: string): string | null {
  return /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/.test(name)
    ? null
    : 'package names are letters, digits, dots, underscores, plus signs and dashes, and do not begin with a dash'
}
