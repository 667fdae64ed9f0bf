import { access } from 'node:fs/promises'
import { ExecutorError } from '../../errors.ts'
import type { Machine } from '../../machine.ts'
import { apk } from './apk.ts'
import { apt } from './apt/apt.ts'
import { pacman } from './pacman.ts'
import type { PackageProvider } from './provider.ts'
import { dnf } from './rpm/dnf.ts'
import { zypper } from './rpm/zypper.ts'

/** Programs that say which package manager a machine has, in the order in which they are looked for. */
const programs: readonly (readonly [PackageProvider, readonly string[]])[] = [
  [apt, ['/usr/bin/apt-get']],
  [apk, ['/sbin/apk', '/usr/sbin/apk']],
  [zypper, ['/usr/bin/zypper']],
  [dnf('dnf'), ['/usr/bin/dnf', '/usr/bin/dnf5']],
  [dnf('yum'), ['/usr/bin/yum']],
  [pacman, ['/usr/bin/pacman']],
]

/** What distributions of a family install with, where a machine has several package managers. */
const families: Readonly<Record<string, readonly string[]>> = {
  debian: ['apt'],
  redhat: ['dnf', 'yum'],
  suse: ['zypper'],
  alpine: ['apk'],
  arch: ['pacman'],
}

/** The package manager of the machine: that of its family if it is there, or the first that is. @throws ExecutorError 'blocked' */
export async function packageProvider(machine: Machine): Promise<PackageProvider> {
  const preferred = families[String(machine.trait('os.family')).toLowerCase()] ?? []
  const isPreferred = ({ name }: PackageProvider) => preferred.includes(name)
  const ordered = programs.toSorted(([a], [b]) => Number(isPreferred(b)) - Number(isPreferred(a)))
  for (const [provider, paths] of ordered) if (await anyExists(machine, paths)) return provider
  throw new ExecutorError('blocked', 'this machine has none of apt, dnf, yum, zypper, apk and pacman')
}

async function anyExists(machine: Machine, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    const isThere = await access(machine.path(path)).then(
      () => true,
      () => false,
    )
    if (isThere) return true
  }
  return false
}
