import { stat } from 'node:fs/promises'
import type { Machine } from '../../../machine.ts'
import { ParsedFile } from '../../parsed-file.ts'
import { Remembered } from '../../remembered.ts'
import type { Symptoms } from '../diagnosis.ts'
import type { PackageContext, PackageProvider, Transaction, Upgrade } from '../provider.ts'
import { type ManagerOptions, runManager } from '../run-manager.ts'
import { parseDpkgStatus } from './dpkg-status.ts'
import { parseSimulation, parseUpgradable } from './parse.ts'
import { compareDebianVersions } from './version-order.ts'

const symptoms: Symptoms = [
  [
    'locked',
    /could not get lock|unable to acquire the dpkg frontend lock|unable to lock (?:the administration )?directory/i,
  ],
  ['locked', /(?:dpkg frontend|dpkg database) lock (?:was locked|is locked) by another process/i],
  ['interrupted', /dpkg was interrupted|dpkg --configure -a|--fix-broken install/],
  ['unknown-package', /unable to locate package|has no installation candidate|version '.*' for '.*' was not found/i],
  ['held', /held packages were changed/i],
  [
    'repository',
    /failed to fetch|NO_PUBKEY|GPG error|does not have a release file|is not signed|some index files failed/i,
  ],
  [
    'repository',
    /unauthenticated packages|malformed (?:entry|line|stanza)|list of sources could not be read|hash sum mismatch/i,
  ],
]

/** Keeps configuration files that somebody changed, asks nothing, restarts nothing by itself. */
const environment = {
  DEBIAN_FRONTEND: 'noninteractive',
  APT_LISTCHANGES_FRONTEND: 'none',
  NEEDRESTART_SUSPEND: '1',
  UCF_FORCE_CONFFOLD: '1',
  LC_ALL: 'C.UTF-8',
}
const QUIET = ['-q', '-y', '-o', 'Dpkg::Use-Pty=0', '-o', 'APT::Color=0']
const KEEP = ['-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold']
/** Looking needs no lock, and must not wait for one. */
const LOOK = ['-s', '-q', '-o', 'Debug::NoLocking=1']

/** Everything that decides which version is the candidate. */
const DECIDING = [
  '/var/lib/dpkg/status',
  '/var/lib/apt/lists',
  '/etc/apt/sources.list',
  '/etc/apt/sources.list.d',
  '/etc/apt/preferences',
  '/etc/apt/preferences.d',
  '/etc/apt/apt.conf',
  '/etc/apt/apt.conf.d',
]

const looking: ManagerOptions = { symptoms, environment, maxOutputBytes: 4 * 2 ** 20 }

const status = new ParsedFile(parseDpkgStatus)
const newer = new Remembered<ReadonlyMap<string, string>>()
const upgrades = new Remembered<readonly Upgrade[]>()
const refreshed = new WeakMap<Machine, number>()

/** Debian and what descends from it. */
export const apt: PackageProvider = {
  name: 'apt',
  objection: name =>
    /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](?::[a-z0-9-]+)?$/.test(name)
      ? null
      : 'package names of Debian are lower-case letters, digits, dots, plus signs and dashes, at least two of them',
  installed: ({ machine }) => status.read(machine.path('/var/lib/dpkg/status')),
  sources: ['/etc/apt/sources.list', '/etc/apt/sources.list.d', '/etc/apt/keyrings', '/etc/apt/trusted.gpg.d'],
  newer: context =>
    newer.get(context.machine, deciding(context.machine), async () => {
      const { stdout } = await runManager(context, 'apt', ['list', '--upgradable', '-o', 'Debug::NoLocking=1'], looking)
      return parseUpgradable(stdout)
    }),
  upgrades: context =>
    upgrades.get(context.machine, deciding(context.machine), async () => {
      const { stdout } = await runManager(context, 'apt-get', [...LOOK, 'upgrade', '--with-new-pkgs'], looking)
      return parseSimulation(stdout)
    }),
  isVersion: (wanted, installed) => wanted === installed,
  compare: async (a, b) => compareDebianVersions(a, b),
  refreshedAt: async ({ machine }) => {
    const folders = ['/var/lib/apt/lists', '/var/lib/apt/lists/partial'].map(each => machine.path(each))
    const times = await Promise.all(
      folders.map(folder =>
        stat(folder).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      ),
    )
    return Math.max(refreshed.get(machine) ?? 0, ...times)
  },
  refresh: async context => {
    await runManager(context, 'apt-get', [...QUIET, '-o', 'APT::Update::Error-Mode=any', 'update'], {
      symptoms,
      environment,
      // What does not know the option ends well with nothing but a warning.
      isFailure: ({ stderr }) => /^W: (?:.*failed to fetch|.*GPG error|some index files failed)/im.test(stderr),
    })
    refreshed.set(context.machine, Date.now())
  },
  transact: async (transaction, context) => {
    const args = [...QUIET, ...KEEP, ...context.flags, ...lineOf(transaction)]
    const { stdout } = await runManager(context, 'apt-get', args, {
      symptoms,
      environment,
      recover: () => finishInterrupted(context),
    })
    return stdout
  },
  hold: async (names, context) => {
    await runManager(context, 'apt-mark', ['hold', '--', ...names], { symptoms, environment })
  },
  cleanup: async context => {
    await runManager(context, 'apt-get', [...QUIET, ...KEEP, 'autoremove'], { symptoms, environment })
    await runManager(context, 'apt-get', ['clean'], { symptoms, environment })
  },
}

/** What an installation that was killed in the middle left: unpacked and not configured, or without its dependencies. */
async function finishInterrupted(context: PackageContext): Promise<void> {
  await runManager(context, 'dpkg', ['--force-confdef', '--force-confold', '--configure', '-a'], {
    symptoms,
    environment,
    successes: [0, 1],
  })
  await runManager(context, 'apt-get', [...QUIET, ...KEEP, '--fix-broken', 'install'], { symptoms, environment })
}

function lineOf(transaction: Transaction): string[] {
  switch (transaction.kind) {
    case 'install': {
      const names = transaction.packages.map(({ name, version }) =>
        version === undefined ? name : `${name}=${version}`,
      )
      return [...permissions(transaction), 'install', '--', ...names]
    }
    case 'install-files':
      return [...permissions(transaction), 'install', '--', ...transaction.files]
    case 'remove':
      // A hold is against other versions, not against going.
      return ['--allow-change-held-packages', transaction.purge ? 'purge' : 'remove', '--', ...transaction.names]
    case 'upgrade-all':
      return ['upgrade', '--with-new-pkgs']
  }
}

function permissions({ allowDowngrade, changeHeld }: { allowDowngrade: boolean; changeHeld: boolean }): string[] {
  return [...(allowDowngrade ? ['--allow-downgrades'] : []), ...(changeHeld ? ['--allow-change-held-packages'] : [])]
}

function deciding(machine: Machine): string[] {
  return DECIDING.map(path => machine.path(path))
}
