import { readdir, readFile, stat } from 'node:fs/promises'
import type { Machine } from '../../../machine.ts'
import { Remembered } from '../../remembered.ts'
import type { Symptoms } from '../diagnosis.ts'
import type { PackageContext, PackageProvider, Transaction, Upgrade } from '../provider.ts'
import { type ManagerOptions, runManager } from '../run-manager.ts'
import { forgetRpmDatabase, rpmDatabase, rpmInventory, rpmObjection } from './rpm-database.ts'
import { compareEvr, isEvr } from './version-order.ts'

const symptoms: Symptoms = [
  ['locked', /system management is locked/i],
  ['unknown-package', /not found in package names|no provider of .* found|'[^']*' not found|no such package/i],
  [
    'repository',
    /valid metadata not found|signature verification failed|repository .* is invalid|failed to (?:retrieve|download)/i,
  ],
  [
    'repository',
    /skipping repository|some of the repositories have not been refreshed|could not refresh|no repositories defined/i,
  ],
]

const manager: ManagerOptions = {
  symptoms,
  environment: { LC_ALL: 'C.UTF-8', ZYPP_LOCK_TIMEOUT: '0' },
  maxOutputBytes: 4 * 2 ** 20,
  // 100 to 103 tell that updates, a restart or a newer zypper are there to be had.
  successes: [0, 100, 101, 102, 103],
}
const LOCKS = '/etc/zypp/locks'
const SOLV = '/var/cache/zypp/solv'
const CACHE = '/var/cache/zypp/raw'

const upgrades = new Remembered<readonly Upgrade[]>()
const refreshed = new WeakMap<Machine, number>()

/** SUSE. */
export const zypper: PackageProvider = {
  name: 'zypper',
  objection: rpmObjection,
  sources: ['/etc/zypp/repos.d', '/etc/zypp/zypp.conf'],
  installed: async context => rpmInventory(context, await locked(context.machine)),
  newer: async context => new Map((await zypper.upgrades(context)).map(({ name, to }) => [name, to])),
  upgrades: async context => {
    // Indexes are written over, which the time of their folder does not tell.
    const indexes = (await readdir(context.machine.path(SOLV)).catch(() => [])).map(name => `${SOLV}/${name}/solv`)
    const deciding = ['/etc/zypp/repos.d', LOCKS, ...indexes].map(path => context.machine.path(path))
    return upgrades.get(context.machine, [...(await rpmDatabase(context)), ...deciding], async () => {
      const args = ['--xmlout', '--non-interactive', '--no-refresh', 'list-updates']
      return parseUpdates((await runManager(context, 'zypper', args, manager)).stdout)
    })
  },
  isVersion: isEvr,
  compare: async (a, b) => compareEvr(a, b),
  refreshedAt: async ({ machine }) => {
    const cache = await stat(machine.path(CACHE)).catch(() => null)
    return Math.max(refreshed.get(machine) ?? 0, cache?.mtimeMs ?? 0)
  },
  refresh: async context => {
    await runManager(context, 'zypper', ['--non-interactive', 'refresh'], manager)
    refreshed.set(context.machine, Date.now())
  },
  transact: async (transaction, context) => {
    await release(transaction, context)
    const [verb = '', ...rest] = lineOf(transaction)
    const args = ['--non-interactive', verb, ...context.flags, ...rest]
    const { stdout } = await runManager(context, 'zypper', args, manager)
    forgetRpmDatabase(context.machine)
    return stdout
  },
  hold: async (names, context) => {
    await runManager(context, 'zypper', ['--non-interactive', 'addlock', '--', ...names], manager)
  },
  // zypper tells which packages nothing needs, and removes none of them by itself.
  cleanup: async context => {
    await runManager(context, 'zypper', ['--non-interactive', 'clean'], manager)
  },
}

function lineOf(transaction: Transaction): string[] {
  switch (transaction.kind) {
    case 'install': {
      const specs = transaction.packages.map(({ name, version }) =>
        version === undefined ? name : `${name}=${version}`,
      )
      return ['install', '--auto-agree-with-licenses', ...older(transaction), '--', ...specs]
    }
    case 'install-files':
      return [
        'install',
        '--auto-agree-with-licenses',
        '--allow-unsigned-rpm',
        ...older(transaction),
        '--',
        ...transaction.files,
      ]
    case 'remove':
      return ['remove', '--', ...transaction.names]
    case 'upgrade-all':
      return ['update', '--auto-agree-with-licenses']
  }
}

function older({ allowDowngrade }: { allowDowngrade: boolean }): string[] {
  return allowDowngrade ? ['--oldpackage'] : []
}

/** A lock also keeps a package from being removed, which is not what it is for here. */
async function release(transaction: Transaction, context: PackageContext): Promise<void> {
  const changed =
    transaction.kind === 'remove'
      ? transaction.names
      : transaction.kind === 'install' && transaction.changeHeld
        ? transaction.packages.map(({ name }) => name)
        : []
  const held = await locked(context.machine)
  const names = changed.filter(name => held.has(name))
  if (names.length > 0) {
    await runManager(context, 'zypper', ['--non-interactive', 'removelock', '--', ...names], manager)
  }
}

async function locked(machine: Machine): Promise<ReadonlySet<string>> {
  return new Set(parseZypperLocks(await readFile(machine.path(LOCKS), 'utf8').catch(() => '')))
}

export function parseZypperLocks(text: string): string[] {
  return [...text.matchAll(/^solvable_name: *(\S+)$/gm)].map(([, name = '']) => name)
}

/** `<update name="…" edition="…" edition-old="…" …>` */
export function parseUpdates(xml: string): Upgrade[] {
  return [...xml.matchAll(/<update\s([^>]*)>/g)].flatMap(([, attributes = '']) => {
    const value = (name: string) => new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1]
    const name = value('name')
    const to = value('edition')
    if (name === undefined || to === undefined) return []
    return [{ name, from: value('edition-old') ?? 'absent', to }]
  })
}
