import { change } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { Applied, ExecutorOf, ExecutorOptions } from '../../executor.ts'
import { planRemoval } from '../../files/file.ts'
import { planFile } from '../../files/plan-file.ts'
import type { Machine } from '../../machine.ts'
import { type Plan, planned } from '../../planned.ts'
import { entryAt, findPlace, kindNames, makeFolder, makePlace, readEntry } from '../../safe-files/index.ts'
import { Budget } from '../budget.ts'
import { mustInvoke } from '../invoke.ts'
import { fetchKey, forgetKey, isKey, type KeySource, rememberKey } from './key.ts'
import { type Family, familyOf, layoutOf, type RepositoryLayout, type WantedText } from './layout.ts'

type Attributes = Parameters<ExecutorOf<'repository'>['check']>[0]

const MAX_BYTES = 2 ** 20

export const repositoryExecutor: ExecutorOf<'repository'> = planned<Attributes>(
  { type: 'repository', reach: 'paths', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    const family = await familyOf(attributes, machine)
    const layout = layoutOf(attributes, family)
    const files = await Promise.all(layout.files.map(file => planText(file, machine, options)))
    const key = await planKey(attributes, family, layout, machine, options)
    // The key first: a source without its key is a broken repository for every package.
    const plans = attributes.state === 'absent' ? [...files, key] : [key, ...files]
    const different = plans.filter(plan => plan.kind === 'different')
    if (different.length === 0) return { kind: 'compliant' }
    const diff = different.find(plan => plan.diff !== undefined)?.diff
    return {
      kind: 'different',
      changes: different.flatMap(plan => plan.changes),
      ...(diff === undefined ? {} : { diff }),
      carryOut: async () => {
        const applied: Applied[] = []
        for (const plan of different) applied.push(await plan.carryOut())
        return applied.find(each => each.note !== undefined) ?? {}
      },
    }
  },
)

async function planText({ path, text }: WantedText, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  const present = await bytesAt(path, machine, options)
  const wanted = text(present?.toString('utf8') ?? '')
  if (wanted === null) return present === null ? { kind: 'compliant' } : planRemoval(path, machine, options)
  if (present?.equals(Buffer.from(wanted)) === true) return { kind: 'compliant' }
  if (present === null && wanted === '') return { kind: 'compliant' }
  const file = { path, contents: Buffer.from(wanted), owner: 'root', group: 'root', mode: '0644' }
  return renamed('source', await withFolder(file.path, machine, options, () => planFile(file, machine, options)))
}

async function planKey(
  attributes: Attributes,
  family: Family,
  { keyFile, keyForm }: RepositoryLayout,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Plan> {
  const { repository: name, state, key_url: url, key_fingerprint: fingerprint } = attributes
  const installed = await bytesAt(keyFile, machine, options)
  if (state === 'absent' || url === undefined) {
    if (installed === null) return { kind: 'compliant' }
    const removal = renamed('key', await planRemoval(keyFile, machine, options))
    if (removal.kind !== 'different') return removal
    const carryOut = async () => {
      await forgetKey(name, machine)
      return await removal.carryOut()
    }
    return { ...removal, carryOut }
  }
  if (fingerprint !== undefined && keyForm === 'as-is') {
    throw new ExecutorError(
      'failed',
      'keys of Alpine have no fingerprint; leave key_fingerprint out and fetch the key over https',
    )
  }
  const source: KeySource = { name, url, fingerprint, form: keyForm }
  if (await isKey(installed, source, machine)) return { kind: 'compliant' }
  return {
    kind: 'different',
    changes: [change('key', installed === null ? 'absent' : 'another', fingerprint ?? `from ${hostOf(url)}`)],
    carryOut: async () => {
      const budget = new Budget(attributes.timeout, options.signal)
      const contents = await budget.within('fetching the key', signal => fetchKey(source, machine, signal))
      const file = { path: keyFile, contents, owner: 'root', group: 'root', mode: '0644' }
      const plan = await withFolder(keyFile, machine, options, () => planFile(file, machine, options))
      if (plan.kind === 'different') await plan.carryOut()
      await rememberKey(contents, source, machine)
      // zypper takes no key that rpm does not know, and asks a person about it.
      if (family === 'zypper' && !machine.isSandboxed) await mustInvoke(machine, budget, 'rpm', ['--import', keyFile])
      const isOpen = url.startsWith('http:') && fingerprint === undefined
      return isOpen
        ? {
            note: 'the key came without encryption and has no key_fingerprint: whoever was on the way could have changed it',
          }
        : {}
    },
  }
}

/** Folders of a package manager that was not used yet are made with what is written into them. */
async function withFolder(
  path: string,
  machine: Machine,
  options: ExecutorOptions,
  plan: () => Promise<Plan>,
): Promise<Plan> {
  const folder = path.slice(0, path.lastIndexOf('/'))
  await using place = await findPlace(machine, path, options)
  if (place !== null) return await plan()
  return {
    kind: 'different',
    changes: [change('state', 'absent', 'present')],
    carryOut: async () => {
      {
        await using made = await makePlace(machine, folder, options)
        await makeFolder(made, 0o755, options)
      }
      const found = await plan()
      return found.kind === 'different' ? await found.carryOut() : {}
    },
  }
}

function renamed(what: string, plan: Plan): Plan {
  if (plan.kind !== 'different') return plan
  return { ...plan, changes: plan.changes.map(each => ({ ...each, attribute: `${what} ${each.attribute}` })) }
}

async function bytesAt(path: string, machine: Machine, options: ExecutorOptions): Promise<Buffer | null> {
  await using place = await findPlace(machine, path, options)
  if (place === null) return null
  const entry = await entryAt(place, options)
  if (entry.kind === 'missing') return null
  if (entry.kind !== 'file')
    throw new ExecutorError('unsafe', `${path} is ${kindNames[entry.kind]}, not a file; remove it first`)
  return (await readEntry(place, { ...options, maxBytes: MAX_BYTES })).contents
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'its URL'
}
