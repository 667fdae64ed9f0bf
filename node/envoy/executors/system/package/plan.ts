import type { AttributesOf, SchemaOf } from '#config/lang'
import type { Change } from '#node/checkin'
import { ExecutorError } from '../../errors.ts'
import type { InstalledPackage, PackageContext, PackageProvider } from './provider.ts'

export type PackageAttributes = AttributesOf<SchemaOf<'package'>>

/** What has to happen to the packages of a resource; nothing when all lists are empty. */
export interface PackagePlan {
  readonly install: readonly { readonly name: string; readonly version?: string }[]
  readonly remove: readonly string[]
  readonly hold: readonly string[]
  /** Every package of the machine. */
  readonly upgradeAll: boolean
  readonly changes: readonly Change[]
}

const NOTHING: PackagePlan = { install: [], remove: [], hold: [], upgradeAll: false, changes: [] }

/** Compares what a resource says with what is installed. @throws ExecutorError when it cannot be had as it is said */
export async function planPackages(
  attributes: PackageAttributes,
  provider: PackageProvider,
  context: PackageContext,
): Promise<PackagePlan> {
  const { package: names, state } = attributes
  if (names.includes('*')) return planEverything(attributes, provider, context)
  for (const name of names) {
    const objection = provider.objection(name)
    if (objection !== null) throw new ExecutorError('failed', `'${name}' is no package name: ${objection}`)
  }
  const steps: PackagePlan[] = []
  const inventory = await provider.installed(context)
  const newer = state === 'latest' ? await provider.newer(context) : new Map<string, string>()
  for (const name of new Set(names)) {
    const found = inventory.get(name)
    if (state === 'absent') steps.push(planRemoval(name, found, attributes.purge))
    else if (found === undefined || found.state === 'configured-rest') {
      const isProvided = attributes.version === undefined && found === undefined && (await inventory.provides(name))
      steps.push(isProvided ? NOTHING : planInstallation(name, 'absent', attributes))
    } else if (found.state === 'broken') steps.push(planInstallation(name, 'not completely installed', attributes))
    else steps.push(await planChange(name, found, newer.get(name), attributes, provider, context))
  }
  return {
    install: steps.flatMap(step => step.install),
    remove: steps.flatMap(step => step.remove),
    hold: steps.flatMap(step => step.hold),
    upgradeAll: false,
    changes: steps.flatMap(step => step.changes),
  }
}

async function planEverything(
  { package: names, state }: PackageAttributes,
  provider: PackageProvider,
  context: PackageContext,
): Promise<PackagePlan> {
  if (names.length > 1 || state !== 'latest') {
    throw new ExecutorError('failed', "'*' is every package of the machine: it stands alone and with 'state: latest'")
  }
  const upgrades = await provider.upgrades(context)
  const changes = upgrades.map(({ name, from, to }) => ({ attribute: name, from, to }))
  return { ...NOTHING, upgradeAll: upgrades.length > 0, changes }
}

function planRemoval(name: string, found: InstalledPackage | undefined, purge: boolean): PackagePlan {
  if (found === undefined || (found.state === 'configured-rest' && !purge)) return NOTHING
  const from = found.state === 'configured-rest' ? 'configuration files' : found.versions.join(', ')
  return { ...NOTHING, remove: [name], changes: [{ attribute: name, from, to: purge ? 'purged' : 'absent' }] }
}

function planInstallation(name: string, from: string, { version, lock_version }: PackageAttributes): PackagePlan {
  const to = version ?? 'present'
  return {
    ...NOTHING,
    install: [version === undefined ? { name } : { name, version }],
    hold: lock_version ? [name] : [],
    changes: [{ attribute: name, from, to: lock_version ? `${to}, held` : to }],
  }
}

async function planChange(
  name: string,
  { versions, isHeld }: InstalledPackage,
  newest: string | undefined,
  attributes: PackageAttributes,
  provider: PackageProvider,
  context: PackageContext,
): Promise<PackagePlan> {
  const { version, lock_version, allow_downgrade, state } = attributes
  const current = versions.at(-1) ?? ''
  const isOther = version !== undefined && !versions.some(each => provider.isVersion(version, each))
  if (isOther) {
    if (!allow_downgrade && (await provider.compare(version, current, context)) < 0) {
      throw new ExecutorError(
        'failed',
        `${name} is installed as ${current}, which is newer than ${version}; say 'allow_downgrade: true' to go back`,
      )
    }
    if (isHeld && !lock_version) throw held(name, current)
    return planInstallation(name, current, attributes)
  }
  if (state === 'latest' && version === undefined && newest !== undefined) {
    if (isHeld) throw held(name, current)
    return { ...NOTHING, install: [{ name }], changes: [{ attribute: name, from: current, to: newest }] }
  }
  if (!lock_version || isHeld) return NOTHING
  return { ...NOTHING, hold: [name], changes: [{ attribute: name, from: 'not held', to: `held at ${current}` }] }
}

function held(name: string, version: string): ExecutorError {
  return new ExecutorError(
    'blocked',
    `${name} is held at ${version} by somebody; release it, or let this resource hold a version with 'lock_version: true'`,
  )
}
