import { stat } from 'node:fs/promises'
import type { Machine } from '../../machine.ts'
import { invoke } from '../invoke.ts'
import { ParsedFile } from '../parsed-file.ts'
import { Remembered } from '../remembered.ts'
import type { Symptoms } from './diagnosis.ts'
import type { Inventory, PackageProvider, Transaction, Upgrade } from './provider.ts'
import { type ManagerOptions, runManager } from './run-manager.ts'

const symptoms: Symptoms = [
  ['locked', /unable to lock database/i],
  ['unknown-package', /\(no such package\)|unable to select packages|breaks: world\[/i],
  [
    'repository',
    /temporary error|untrusted signature|unable to (?:fetch|open)|bad archive|remote server returned|DNS (?:lookup )?error/i,
  ],
]

const manager: ManagerOptions = { symptoms, environment: { LC_ALL: 'C.UTF-8' }, maxOutputBytes: 4 * 2 ** 20 }
const INSTALLED = '/lib/apk/db/installed'
const WORLD = '/etc/apk/world'
const CACHE = '/var/cache/apk'

const installed = new ParsedFile(parseInstalled)
const world = new ParsedFile(parsePins)
const upgrades = new Remembered<readonly Upgrade[]>()
const refreshed = new WeakMap<Machine, number>()

/** Alpine. A version that is asked for is pinned in `world` by apk itself, so every version is held. */
export const apk: PackageProvider = {
  name: 'apk',
  objection: name =>
    /^[A-Za-z0-9_.][A-Za-z0-9_.+-]*$/.test(name)
      ? null
      : 'package names of Alpine are letters, digits, dots, underscores, plus signs and dashes',
  sources: ['/etc/apk/repositories', '/etc/apk/keys'],
  installed: async ({ machine }) => {
    const { versions, provided } = await installed.read(machine.path(INSTALLED))
    const pins = await world.read(machine.path(WORLD))
    return {
      get: name => {
        const version = versions.get(name)
        return version === undefined
          ? undefined
          : { versions: [version], state: 'installed', isHeld: pins.get(name) === version }
      },
      provides: async name => provided.has(name),
    } satisfies Inventory
  },
  newer: async context => new Map((await apk.upgrades(context)).map(({ name, to }) => [name, to])),
  upgrades: context => {
    const deciding = [INSTALLED, WORLD, CACHE, '/etc/apk/repositories'].map(path => context.machine.path(path))
    return upgrades.get(context.machine, deciding, async () => {
      const result = await runManager(context, 'apk', ['--no-network', 'list', '--upgradable'], manager)
      return parseUpgradable(result.stdout)
    })
  },
  isVersion: (wanted, have) => wanted === have || have.startsWith(`${wanted}-r`),
  compare: async (a, b, { machine, budget }) => {
    const { stdout } = await invoke(machine, budget, 'apk', ['version', '-t', a, b])
    return { '<': -1, '=': 0, '>': 1 }[stdout.trim()] ?? 0
  },
  refreshedAt: async ({ machine }) => {
    const cache = await stat(machine.path(CACHE)).catch(() => null)
    return Math.max(refreshed.get(machine) ?? 0, cache?.mtimeMs ?? 0)
  },
  refresh: async context => {
    await runManager(context, 'apk', ['update'], manager)
    refreshed.set(context.machine, Date.now())
  },
  transact: async (transaction, context) => {
    const [verb = '', ...rest] = lineOf(transaction)
    return (await runManager(context, 'apk', [verb, ...context.flags, ...rest], manager)).stdout
  },
  hold: async (names, context) => {
    const inventory = await apk.installed(context)
    const pins = names.flatMap(name => inventory.get(name)?.versions.map(version => `${name}=${version}`) ?? [])
    await runManager(context, 'apk', ['add', ...pins], manager)
  },
  cleanup: async context => {
    await runManager(context, 'apk', ['cache', 'clean'], manager)
  },
}

function lineOf(transaction: Transaction): string[] {
  switch (transaction.kind) {
    case 'install':
      return [
        'add',
        '-u',
        ...transaction.packages.map(({ name, version }) => (version === undefined ? name : `${name}=${version}`)),
      ]
    case 'install-files':
      return ['add', '--allow-untrusted', ...transaction.files]
    case 'remove':
      return ['del', ...(transaction.purge ? ['--purge'] : []), ...transaction.names]
    case 'upgrade-all':
      return ['upgrade']
  }
}

/** Paragraphs with `P:` name, `V:` version and `p:` what else it provides. */
export function parseInstalled(text: string): { versions: Map<string, string>; provided: Set<string> } {
  const versions = new Map<string, string>()
  const provided = new Set<string>()
  for (const paragraph of text.split(/\n\n+/)) {
    const name = /^P:(.+)$/m.exec(paragraph)?.[1]
    const version = /^V:(.+)$/m.exec(paragraph)?.[1]
    if (name === undefined || version === undefined) continue
    versions.set(name, version)
    for (const each of /^p:(.+)$/m.exec(paragraph)?.[1]?.split(' ') ?? [])
      provided.add(each.split(/[=<>~]/, 1)[0] ?? '')
  }
  return { versions, provided }
}

export function parsePins(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^([^\s=<>~@]+)=(\S+)$/gm)].map(([, name = '', version = '']) => [name, version]))
}

/** `name-1.2-r3 x86_64 {origin} (license) [upgradable from: name-1.2-r2]` */
export function parseUpgradable(text: string): Upgrade[] {
  const found = text.matchAll(/^(\S+)-([^-\s]+-r\d+) .*\[upgradable from: \S+-([^-\s]+-r\d+)\]$/gm)
  return [...found].map(([, name = '', to = '', from = '']) => ({ name, from, to }))
}
