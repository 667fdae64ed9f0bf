import { change } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { Applied, ExecutorOf } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { type Plan, planned } from '../../planned.ts'
import { Budget } from '../budget.ts'
import { packageProvider } from './detect.ts'
import { originOf, withFetched } from './fetched.ts'
import { Memory } from './memory.ts'
import { type PackageFile, readPackageFile } from './package-file.ts'
import type { PackageContext, PackageProvider } from './provider.ts'

type NonrepoAttributes = Parameters<ExecutorOf<'nonrepo_package'>['check']>[0]

/** How long a URL without a hash counts as what it was, where `latest` asks for what it is now. */
const LATEST_MS = 24 * 3600_000

export const nonrepoPackageExecutor: ExecutorOf<'nonrepo_package'> = planned<NonrepoAttributes>(
  { type: 'nonrepo_package', reach: 'host', acts: 'until-compliant' },
  async (attributes, machine, { signal }) => {
    const provider = await packageProvider(machine)
    const context = { machine, budget: new Budget(attributes.timeout, signal), flags: [] }
    return attributes.state === 'absent'
      ? planAbsent(attributes, provider, context)
      : planPresent(attributes, provider, context)
  },
)

async function planAbsent(
  { package: name }: NonrepoAttributes,
  provider: PackageProvider,
  context: PackageContext,
): Promise<Plan> {
  if (name === undefined) throw new ExecutorError('failed', "'state: absent' needs the name of the package")
  requireName(name, provider)
  const found = (await provider.installed(context)).get(name)
  if (found === undefined || found.state === 'configured-rest') return { kind: 'compliant' }
  return {
    kind: 'different',
    changes: [change(name, found.versions.join(', '), 'absent')],
    carryOut: async () => ({
      output: await provider.transact({ kind: 'remove', names: [name], purge: false }, context),
    }),
  }
}

async function planPresent(
  attributes: NonrepoAttributes,
  provider: PackageProvider,
  context: PackageContext,
): Promise<Plan> {
  const file = await describe(attributes, context)
  requireName(file.name, provider)
  const { version, state, lock_version, allow_downgrade } = attributes
  if (version !== undefined && !provider.isVersion(version, file.version)) {
    throw new ExecutorError(
      'failed',
      `the file holds ${file.name} ${file.version}, and the resource says version ${version}`,
    )
  }
  const found = (await provider.installed(context)).get(file.name)
  const current = found?.state === 'installed' ? (found.versions.at(-1) ?? '') : null
  const order = current === null ? -1 : await provider.compare(current, file.version, context)
  const isExact = version !== undefined || lock_version
  if (current !== null && order > 0 && isExact && !allow_downgrade) {
    throw new ExecutorError(
      'failed',
      `${file.name} is installed as ${current}, which is newer than ${file.version}; say 'allow_downgrade: true' to go back`,
    )
  }
  const installs = current === null || (order < 0 && (state === 'latest' || isExact)) || (order > 0 && isExact)
  const holds = lock_version && (installs || found?.isHeld !== true)
  if (!installs && !holds) return { kind: 'compliant' }
  const to = `${file.version}${lock_version ? ', held' : ''}`
  return {
    kind: 'different',
    changes: [change(file.name, installs ? (current ?? 'absent') : 'not held', to)],
    carryOut: async () => {
      const applied = installs ? await install(attributes, provider, context) : {}
      if (holds) await provider.hold([file.name], context)
      return applied
    },
  }
}

function install(attributes: NonrepoAttributes, provider: PackageProvider, context: PackageContext): Promise<Applied> {
  return fetched(attributes, context, async (path, file) => {
    const output = await provider.transact(
      {
        kind: 'install-files',
        files: [path],
        allowDowngrade: attributes.allow_downgrade,
        changeHeld: attributes.lock_version,
      },
      context,
    )
    const found = (await provider.installed(context)).get(file.name)
    if (found?.state !== 'installed')
      throw new ExecutorError('failed', `${provider.name} ended well, but ${file.name} is not installed`)
    const isUnproven =
      attributes.artifact === undefined &&
      attributes.sha256 === undefined &&
      attributes.url?.startsWith('http:') === true
    const note = 'the file came without encryption and has no sha256: whoever was on the way could have changed it'
    return { output: output.slice(-8000), ...(isUnproven ? { note } : {}) }
  })
}

/** Name and version of the file: what is remembered of it, or what it says itself, which means fetching it. */
async function describe(
  attributes: NonrepoAttributes,
  context: PackageContext,
): Promise<Pick<PackageFile, 'name' | 'version'>> {
  const { package: name, version, state, artifact, sha256 } = attributes
  const { machine } = context
  if (name !== undefined && version !== undefined) return { name, version }
  const known = await new Memory(machine, 'nonrepo-packages').recall(originOf(attributes))
  const isFixed = sha256 !== undefined || (state !== 'latest' && artifact === undefined)
  const isRecent = Date.now() - Number(known?.['at'] ?? 0) < LATEST_MS && artifact === undefined
  if (known?.['name'] !== undefined && known['version'] !== undefined && (isFixed || isRecent)) {
    return { name: known['name'], version: known['version'] }
  }
  return fetched(attributes, context, async (_path, file) => file)
}

/** Fetches the file, reads what it is, and remembers that. @throws ExecutorError when it is another package than the resource names */
async function fetched<T>(
  attributes: NonrepoAttributes,
  context: PackageContext,
  work: (path: string, file: PackageFile) => Promise<T>,
): Promise<T> {
  const { machine, budget } = context
  return withFetched(attributes, await endingOf(machine), machine, budget, async path => {
    const file = await readPackageFile(path, context)
    if (attributes.package !== undefined && attributes.package !== file.name) {
      throw new ExecutorError(
        'failed',
        `the file holds the package ${file.name}, and the resource says ${attributes.package}`,
      )
    }
    const facts = { name: file.name, version: file.version, at: String(Date.now()) }
    await new Memory(machine, 'nonrepo-packages').keep(originOf(attributes), facts)
    return work(path, file)
  })
}

async function endingOf(machine: Machine): Promise<string> {
  return (await packageProvider(machine)).name === 'apt' ? '.deb' : '.rpm'
}

function requireName(name: string, provider: PackageProvider): void {
  const objection = provider.objection(name)
  if (objection !== null) throw new ExecutorError('failed', `'${name.slice(0, 100)}' is no package name: ${objection}`)
}
