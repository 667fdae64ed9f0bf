import { stat } from 'node:fs/promises'
import { messageOf } from '#node/kit'
import { ExecutorError } from '../../errors.ts'
import type { Applied, ExecutorOf } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { Budget } from '../budget.ts'
import { reportable } from '../changes.ts'
import { shellWords } from '../shell-words.ts'
import { packageProvider } from './detect.ts'
import { type PackageAttributes, type PackagePlan, planPackages } from './plan.ts'
import type { PackageContext, PackageProvider, Transaction } from './provider.ts'

/** Every agent of a fleet asks the mirrors; newer than this is new enough to know what is the latest. */
const LATEST_REFRESH_MS = 15 * 60_000
/** Several resources of a run that read the indexes first share one reading. */
const INSTALL_REFRESH_MS = 60_000
const MAX_OUTPUT = 8000

/** What this resource did about the indexes before it looks for its packages. */
type Indexes = 'just read' | 'asked for' | 'as they are'

export const packageExecutor: ExecutorOf<'package'> = {
  type: 'package',
  reach: 'host',
  acts: 'until-compliant',

  async check(attributes, machine, { signal, isDryRun }) {
    const provider = await packageProvider(machine)
    const context = contextOf(attributes, machine, signal)
    // What is the latest is known only from the indexes: those are a cache, and read again only when they are old.
    if (attributes.state === 'latest' && attributes.update_cache && !isDryRun) {
      await refreshWhenOlder(LATEST_REFRESH_MS, provider, context)
    }
    const { changes } = await planPackages(attributes, provider, context)
    return changes.length === 0 ? { kind: 'compliant' } : { kind: 'different', changes: reportable(changes) }
  },

  async apply(attributes, _difference, machine, { signal }) {
    const provider = await packageProvider(machine)
    const context = contextOf(attributes, machine, signal)
    const asksForCache = attributes.update_cache && attributes.state !== 'absent'
    const isFresh = asksForCache && (await refreshWhenOlder(INSTALL_REFRESH_MS, provider, context))
    const plan = await planPackages(attributes, provider, context)
    const output = await carryOut(
      plan,
      attributes,
      isFresh ? 'just read' : asksForCache ? 'asked for' : 'as they are',
      provider,
      context,
    )
    const left = await planPackages(attributes, provider, context)
    if (left.changes.length > 0) throw unfinished(provider, left)
    return {
      ...(output === '' ? {} : { output: output.slice(-MAX_OUTPUT) }),
      ...(await cleanedUp(attributes, provider, context)),
    }
  },
}

async function carryOut(
  plan: PackagePlan,
  { purge, allow_downgrade, lock_version }: PackageAttributes,
  indexes: Indexes,
  provider: PackageProvider,
  context: PackageContext,
): Promise<string> {
  const outputs: string[] = []
  const transact = async (transaction: Transaction) => {
    outputs.push(await transactWithIndexes(transaction, indexes, provider, context))
  }
  const packages = plan.install
  if (packages.length > 0) {
    await transact({ kind: 'install', packages, allowDowngrade: allow_downgrade, changeHeld: lock_version })
  }
  if (plan.remove.length > 0) await transact({ kind: 'remove', names: plan.remove, purge })
  if (plan.upgradeAll) await transact({ kind: 'upgrade-all' })
  if (plan.hold.length > 0) await provider.hold(plan.hold, context)
  return outputs.join('\n').trim()
}

/** A repository that was added after the indexes were read last is not known yet: then they are read once more. */
async function transactWithIndexes(
  transaction: Transaction,
  indexes: Indexes,
  provider: PackageProvider,
  context: PackageContext,
): Promise<string> {
  try {
    return await provider.transact(transaction, context)
  } catch (error) {
    const isUnknown = error instanceof ExecutorError && error.context['diagnosis'] === 'unknown-package'
    if (!isUnknown || indexes === 'just read') throw error
    // Without `update_cache` a wrong name must not make every run of a fleet ask the mirrors.
    if (indexes === 'as they are' && (await areFresh(Number.POSITIVE_INFINITY, provider, context))) throw error
    await provider.refresh(context)
    return await provider.transact(transaction, context)
  }
}

async function cleanedUp(
  { post_cleanup }: PackageAttributes,
  provider: PackageProvider,
  context: PackageContext,
): Promise<Applied> {
  if (!post_cleanup) return {}
  try {
    await provider.cleanup(context)
    return {}
  } catch (error) {
    context.budget.signal.throwIfAborted()
    return { note: `the packages are as they should be, but cleaning up did not work: ${messageOf(error)}` }
  }
}

/** Whether they were read. */
async function refreshWhenOlder(ageMs: number, provider: PackageProvider, context: PackageContext): Promise<boolean> {
  if (await areFresh(ageMs, provider, context)) return false
  await provider.refresh(context)
  return true
}

/** Whether the indexes were read within the time, and after the last change of what repositories there are. */
async function areFresh(ageMs: number, provider: PackageProvider, context: PackageContext): Promise<boolean> {
  const refreshedAt = await provider.refreshedAt(context)
  if (refreshedAt === 0 || refreshedAt < Date.now() - ageMs) return false
  const changes = await Promise.all(
    provider.sources.map(path =>
      stat(context.machine.path(path)).then(
        ({ ctimeMs }) => ctimeMs,
        () => 0,
      ),
    ),
  )
  return changes.every(changedAt => changedAt < refreshedAt)
}

function contextOf(
  { timeout, flags }: Pick<PackageAttributes, 'timeout' | 'flags'>,
  machine: Machine,
  signal: AbortSignal,
): PackageContext {
  return { machine, budget: new Budget(timeout, signal), flags: shellWords(flags ?? '') }
}

function unfinished(provider: PackageProvider, { changes }: PackagePlan): ExecutorError {
  const rest = changes.map(({ attribute, from, to }) => `${attribute} is ${from} and should be ${to}`)
  const shown = rest.slice(0, 5).join('; ')
  return new ExecutorError('failed', `${provider.name} ended well, but ${shown}; look at what its repositories offer`)
}
