import { readdir, stat } from 'node:fs/promises'
import { ExecutorError } from '../../errors.ts'
import type { Machine } from '../../machine.ts'
import { invoke } from '../invoke.ts'
import { ParsedFile } from '../parsed-file.ts'
import { Remembered } from '../remembered.ts'
import type { Symptoms } from './diagnosis.ts'
import type { InstalledPackage, PackageProvider, Transaction, Upgrade } from './provider.ts'
import { compareEvr, isEvr } from './rpm/version-order.ts'
import { type ManagerOptions, runManager } from './run-manager.ts'

const symptoms: Symptoms = [
  ['locked', /unable to lock database/i],
  ['unknown-package', /target not found|could not find or read package/i],
  [
    'repository',
    /failed (?:to synchronize|retrieving)|invalid or corrupted|unknown trust|missing required signature|could not resolve/i,
  ],
]

const manager: ManagerOptions = { symptoms, environment: { LC_ALL: 'C.UTF-8' }, maxOutputBytes: 4 * 2 ** 20 }
const LOCAL = '/var/lib/pacman/local'
const SYNC = '/var/lib/pacman/sync'
const CONFIGURATION = '/etc/pacman.conf'

const ignored = new ParsedFile(parseIgnored)
const installed = new Remembered<ReadonlyMap<string, string>>()
const upgrades = new Remembered<readonly Upgrade[]>()
const refreshed = new WeakMap<Machine, number>()

/** Arch. Its repositories have one version of each package. */
export const pacman: PackageProvider = {
  name: 'pacman',
  objection: name =>
    /^[A-Za-z0-9@_+][A-Za-z0-9@._+-]*$/.test(name)
      ? null
      : 'package names of Arch are letters, digits and @ . _ + -, and do not begin with a dash or dot',
  sources: [CONFIGURATION, '/etc/pacman.d'],
  installed: async ({ machine, budget }) => {
    const versions = await installed.get(machine, [machine.path(LOCAL)], async () =>
      parseLocal(await readdir(machine.path(LOCAL)).catch(() => [])),
    )
    const held = await ignored.read(machine.path(CONFIGURATION))
    return {
      get: (name): InstalledPackage | undefined => {
        const version = versions.get(name)
        return version === undefined ? undefined : { versions: [version], state: 'installed', isHeld: held.has(name) }
      },
      provides: async name => (await invoke(machine, budget, 'pacman', ['-T', '--', name])).exitCode === 0,
    }
  },
  newer: async context => new Map((await pacman.upgrades(context)).map(({ name, to }) => [name, to])),
  upgrades: async context => {
    // Indexes are written over, which the time of their folder does not tell.
    const indexes = (await readdir(context.machine.path(SYNC)).catch(() => [])).map(name => `${SYNC}/${name}`)
    const deciding = [LOCAL, SYNC, CONFIGURATION, ...indexes].map(path => context.machine.path(path))
    return upgrades.get(context.machine, deciding, async () => {
      // 1 without a word means that there are none.
      const result = await runManager(context, 'pacman', ['-Qu'], { ...manager, successes: [0, 1] })
      return parseQueryUpgrades(result.stdout)
    })
  },
  isVersion: isEvr,
  compare: async (a, b) => compareEvr(a, b),
  refreshedAt: async ({ machine }) => {
    const cache = await stat(machine.path(SYNC)).catch(() => null)
    return Math.max(refreshed.get(machine) ?? 0, cache?.mtimeMs ?? 0)
  },
  refresh: async context => {
    await runManager(context, 'pacman', ['--noconfirm', '-Sy'], manager)
    refreshed.set(context.machine, Date.now())
  },
  transact: async (transaction, context) => {
    const [verb = '', ...rest] = lineOf(transaction)
    return (
      await runManager(context, 'pacman', ['--noconfirm', '--noprogressbar', verb, ...context.flags, ...rest], manager)
    ).stdout
  },
  hold: async names => {
    throw new ExecutorError(
      'blocked',
      `pacman holds nothing by itself: add 'IgnorePkg = ${names.join(' ')}' to ${CONFIGURATION} with a resource of type ini`,
    )
  },
  cleanup: async context => {
    await runManager(context, 'pacman', ['--noconfirm', '-Sc'], manager)
  },
}

function lineOf(transaction: Transaction): string[] {
  switch (transaction.kind) {
    case 'install':
      return ['-S', '--needed', '--', ...transaction.packages.map(({ name }) => name)]
    case 'install-files':
      return ['-U', '--', ...transaction.files]
    case 'remove':
      return [transaction.purge ? '-Rn' : '-R', '--', ...transaction.names]
    case 'upgrade-all':
      return ['-Su']
  }
}

/** The folders of the local database are called `name-version-release`. */
export function parseLocal(names: readonly string[]): Map<string, string> {
  return new Map(
    names.flatMap((each): [string, string][] => {
      const [, name, version] = /^(.+)-([^-]+-[^-]+)$/.exec(each) ?? []
      return name === undefined || version === undefined ? [] : [[name, version]]
    }),
  )
}

/** `name old -> new`, and `[ignored]` behind those that are held. */
export function parseQueryUpgrades(text: string): Upgrade[] {
  return [...text.matchAll(/^(\S+) (\S+) -> (\S+)/gm)].map(([, name = '', from = '', to = '']) => ({ name, from, to }))
}

export function parseIgnored(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/^\s*IgnorePkg\s*=\s*(.*)$/gm)].flatMap(([, names = '']) => names.trim().split(/\s+/)),
  )
}
