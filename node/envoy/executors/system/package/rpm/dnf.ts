import { readFile, stat } from 'node:fs/promises'
import { ExecutorError } from '../../../errors.ts'
import type { Machine } from '../../../machine.ts'
import { invoke } from '../../invoke.ts'
import { Remembered } from '../../remembered.ts'
import type { Symptoms } from '../diagnosis.ts'
import type { PackageContext, PackageProvider, Transaction, Upgrade } from '../provider.ts'
import { type ManagerOptions, runManager } from '../run-manager.ts'
import { forgetRpmDatabase, rpmDatabase, rpmInventory, rpmObjection } from './rpm-database.ts'
import { compareEvr, isEvr } from './version-order.ts'

const symptoms: Symptoms = [
  ['locked', /waiting for process with pid|failed to obtain .*lock|another (?:app|copy) is .*(?:holding|running)/i],
  ['unknown-package', /no match for argument|unable to find a match|no package .* available/i],
  [
    'repository',
    /failed to download metadata|cannot download|curl error|status code: \d{3}|valid baseurl|no more mirrors/i,
  ],
  [
    'repository',
    /GPG check failed|public key for .* is not installed|signature verification error|failed to synchronize/i,
  ],
]

const environment = { LC_ALL: 'C.UTF-8' }
const manager: ManagerOptions = { symptoms, environment, maxOutputBytes: 4 * 2 ** 20 }
const QUIET = ['-y', '--setopt=exit_on_lock=True', '--color=never']
const LOCK_LISTS = ['/etc/dnf/plugins/versionlock.list', '/etc/yum/pluginconf.d/versionlock.list']
const CACHE = '/var/cache/dnf'

const upgrades = new Remembered<readonly Upgrade[]>()
const refreshed = new WeakMap<Machine, number>()

/** Fedora, Red Hat and what descends from it; `program` is `dnf`, or `yum` where that is older. */
export function dnf(program: 'dnf' | 'yum'): PackageProvider {
  const provider: PackageProvider = {
    name: program,
    objection: rpmObjection,
    sources: ['/etc/yum.repos.d', '/etc/dnf/dnf.conf', '/etc/yum.conf'],
    installed: async context => rpmInventory(context, await locked(context.machine)),
    newer: async context => new Map((await provider.upgrades(context)).map(({ name, to }) => [name, to])),
    upgrades: async context => upgrades.get(context.machine, await deciding(context), () => availableUpgrades(context)),
    isVersion: isEvr,
    compare: async (a, b) => compareEvr(a, b),
    refreshedAt: async ({ machine }) => {
      const cache = await stat(machine.path(CACHE)).catch(() => null)
      return Math.max(refreshed.get(machine) ?? 0, cache?.mtimeMs ?? 0)
    },
    refresh: async context => {
      await runManager(context, program, [...QUIET, 'makecache', '--refresh'], manager)
      refreshed.set(context.machine, Date.now())
    },
    transact: async (transaction, context) => {
      if ('changeHeld' in transaction && transaction.changeHeld) await release(transaction, context)
      const args = [...QUIET, ...context.flags, ...lineOf(transaction)]
      const { stdout } = await runManager(context, program, args, manager)
      forgetRpmDatabase(context.machine)
      return stdout
    },
    hold: async (names, context) => {
      const args = [...QUIET, 'versionlock', 'add', '--', ...names]
      const result = await invoke(context.machine, context.budget, program, args, { environment })
      if (/no such command/i.test(result.stderr + result.stdout)) {
        throw new ExecutorError('blocked', `${program} cannot hold versions here; install its plugin versionlock first`)
      }
      await runManager(context, program, args, manager)
    },
    cleanup: async context => {
      await runManager(context, program, [...QUIET, 'autoremove'], manager)
      await runManager(context, program, [...QUIET, 'clean', 'packages'], manager)
    },
  }
  return provider

  async function availableUpgrades(context: PackageContext): Promise<Upgrade[]> {
    const args = [
      ...QUIET,
      '-q',
      '-C',
      'repoquery',
      '--upgrades',
      '--qf',
      '%{name}\\t%{epoch}:%{version}-%{release}\\n',
    ]
    const result = await invoke(context.machine, context.budget, program, args, {
      environment,
      maxOutputBytes: 4 * 2 ** 20,
    })
    // Without any index nothing newer is known; reading one is not for those who only look.
    if (result.exitCode !== 0 && /no cache for|cache-only enabled/i.test(result.stderr)) return []
    const { stdout } = result.exitCode === 0 ? result : await runManager(context, program, args, manager)
    const inventory = await provider.installed(context)
    return parseQuery(stdout, name => inventory.get(name)?.versions.at(-1))
  }

  /** A lock at the old version hides every other one. */
  async function release(transaction: Transaction, context: PackageContext): Promise<void> {
    if (transaction.kind !== 'install') return
    const held = await locked(context.machine)
    const names = transaction.packages.map(({ name }) => name).filter(name => held.has(name))
    if (names.length === 0) return
    await runManager(context, program, [...QUIET, 'versionlock', 'delete', '--', ...names], manager)
  }
}

function lineOf(transaction: Transaction): string[] {
  switch (transaction.kind) {
    case 'install': {
      const { packages } = transaction
      // `install` leaves alone what is there in any version; naming the newest is what `latest` of new and old ones needs.
      const specs = packages.map(({ name, version }) => (version === undefined ? name : `${name}-${version}`))
      return ['install', '--best', '--', ...specs]
    }
    case 'install-files':
      return ['install', '--', ...transaction.files]
    case 'remove':
      // What they needed stays until `post_cleanup` says otherwise.
      return ['--setopt=clean_requirements_on_remove=False', 'remove', '--', ...transaction.names]
    case 'upgrade-all':
      return ['upgrade']
  }
}

/** One line for each package and architecture; the newest counts. */
export function parseQuery(text: string, installed: (name: string) => string | undefined): Upgrade[] {
  const newest = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [name = '', evr = ''] = line.trim().split('\t')
    if (name === '' || evr === '') continue
    const known = newest.get(name)
    if (known === undefined || compareEvr(known, evr) < 0) newest.set(name, evr.replace(/^0:/, ''))
  }
  return [...newest].map(([name, to]) => ({ name, from: installed(name) ?? 'absent', to }))
}

async function locked(machine: Machine): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(LOCK_LISTS.map(path => readFile(machine.path(path), 'utf8').catch(() => '')))
  return new Set(texts.flatMap(parseLocks))
}

/** Names in versionlock's list: `name-[epoch:]version-release.architecture`; what begins with `!` excludes only. */
export function parseLocks(text: string): string[] {
  return [...text.matchAll(/^([^#!\s]\S*)-[^-\s]+-[^-\s]+\s*$/gm)].map(([, name = '']) => name)
}

async function deciding(context: PackageContext): Promise<string[]> {
  const others = [CACHE, '/etc/yum.repos.d', ...LOCK_LISTS].map(path => context.machine.path(path))
  return [...(await rpmDatabase(context)), ...others]
}
