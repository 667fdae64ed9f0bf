import type { AttributesOf, SchemaOf } from '#config/lang'
import { change, changesOf } from '../change.ts'
import { ExecutorError } from '../errors.ts'
import type { Applied, ExecutorOf, ExecutorOptions } from '../executor.ts'
import { planRemovalOfTree } from '../files/directory.ts'
import type { Machine } from '../machine.ts'
import { ownershipChanges, wantedOwnership } from '../ownership.ts'
import { type Plan, planned } from '../planned.ts'
import {
  type Entry,
  entryAt,
  findPlace,
  isTrustedOwner,
  isTrustedWay,
  kindNames,
  makeFolder,
  makePlace,
  type Ownership,
  ownTree,
  type Place,
  setOwnerAndMode,
} from '../safe-files/index.ts'
import { Clone } from './git-clone.ts'
import { removeStaleLocks } from './git-locks.ts'
import { remoteOf } from './git-remote.ts'

type GitAttributes = AttributesOf<SchemaOf<'git'>>

const FOLDER_MODE = 0o755

export const gitExecutor: ExecutorOf<'git'> = planned<GitAttributes>(
  { type: 'git', reach: 'paths', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    const present = await presentAt(attributes.path, machine, options)
    if (attributes.state === 'absent') return await planAbsent(attributes.path, present, machine, options)
    return await planPresent(attributes, present, machine, options)
  },
)

/** What is where the clone is to be. */
type Present =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'empty'; readonly folder: Entry & { kind: 'directory' } }
  | { readonly kind: 'clone'; readonly folder: Entry & { kind: 'directory' }; readonly ownerUid: number }
  | { readonly kind: 'other'; readonly problem: string }

async function presentAt(path: string, machine: Machine, options: ExecutorOptions): Promise<Present> {
  await using place = await findPlace(machine, path, options)
  const folder = await entryAt(place, options)
  if (place === null || folder.kind === 'missing') return { kind: 'nothing' }
  if (folder.kind !== 'directory')
    return { kind: 'other', problem: `${path} is ${kindNames[folder.kind]}, not a directory` }
  await using inside = await findPlace(machine, `${path}/.git`, options)
  const git = await entryAt(inside, options)
  if (git.kind === 'directory') {
    return { kind: 'clone', folder: { kind: 'directory', stats: folder.stats }, ownerUid: git.stats.uid }
  }
  const names = inside === null ? [] : await inside.folder.names()
  if (names.length === 0) return { kind: 'empty', folder: { kind: 'directory', stats: folder.stats } }
  return { kind: 'other', problem: `${path} is a directory with other things than a clone` }
}

async function planAbsent(path: string, present: Present, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  if (present.kind !== 'other') return await planRemovalOfTree(path, machine, options)
  throw new ExecutorError('unsafe', `${present.problem}; it is not removed`)
}

async function planPresent(
  attributes: GitAttributes,
  present: Present,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Plan> {
  if (present.kind === 'other') throw new ExecutorError('failed', `${present.problem}; remove it first`)
  const stats = present.kind === 'nothing' ? null : present.folder.stats
  const ownership = await wantedOwnership(attributes, stats, machine, options)
  const difference = { kind: 'different', carryOut: () => carryOut(attributes, ownership, machine, options) } as const
  const uid = present.kind === 'clone' ? present.ownerUid : ownership.uid
  const clone = cloneOf(
    attributes,
    present.kind === 'clone' ? machine.path(attributes.path) : machine.root,
    uid,
    machine,
    options,
  )
  const remote = await clone.remoteHead(attributes.branch)
  const to = short(remote.commit)
  if (present.kind !== 'clone') return { ...difference, changes: [change('state', 'absent', `a clone at ${to}`)] }
  const head = await clone.head()
  const isDirty = head !== null && attributes.force && (await clone.hasChanges())
  const changes = [
    ...(await ownershipChanges(present.folder.stats, ownership, machine)),
    ...changesOf(
      ['repo', remoteOf(await clone.url()).url, sourceOf(attributes, machine).url],
      ['commit', short(head ?? 'none'), to],
      ['files', isDirty ? 'changed' : '', ''],
    ),
  ]
  return changes.length === 0 ? { kind: 'compliant' } : { ...difference, changes }
}

async function carryOut(
  attributes: GitAttributes,
  ownership: Ownership,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Applied> {
  const { path, branch, depth, force, owner, group } = attributes
  await using place = await makePlace(machine, path, options)
  const isNew = (await entryAt(place, options)).kind === 'missing'
  if (isNew) {
    await makeFolder(place, 0o700, options)
    await setOwnerAndMode(place, { ...ownership, mode: FOLDER_MODE }, options)
  }
  const isManaged = owner !== undefined || group !== undefined
  if (isManaged) await ownAll(place, ownership, options)
  const present = await presentAt(path, machine, options)
  if (present.kind === 'other') throw new ExecutorError('failed', `${present.problem}; remove it first`)
  const uid = present.kind === 'clone' ? present.ownerUid : ownership.uid
  if (isTrustedOwner(uid) && !(await isTrustedWay(place.folder))) {
    throw new ExecutorError(
      'unsafe',
      `${path} is in a directory of somebody else, who could replace it; give it an 'owner'`,
    )
  }
  if (present.kind === 'clone') await removeStaleLocks(path, machine, options)
  const clone = cloneOf(attributes, place.path, uid, machine, options)
  const remote = await clone.remoteHead(branch)
  await clone.prepare()
  await clone.checkOut(remote, await clone.fetch(remote, depth), force)
  if (isManaged) await ownAll(place, ownership, options)
  return {}
}

async function ownAll(place: Place, ownership: Ownership, { signal }: ExecutorOptions): Promise<void> {
  const entry = await entryAt(place, { signal })
  if (entry.kind !== 'directory') throw new ExecutorError('failed', `${place.shown} is no directory any more`)
  await setOwnerAndMode(place, { ...ownership, mode: entry.stats.mode & 0o7777 }, { signal })
  await ownTree(place, ownership, { signal, isApplying: true })
}

function cloneOf(
  attributes: GitAttributes,
  folder: string,
  uid: number,
  machine: Machine,
  { signal }: ExecutorOptions,
): Clone {
  const user = uid === process.getuid?.() ? null : String(uid)
  const remote = sourceOf(attributes, machine)
  return new Clone({ machine, folder, user, remote, timeoutMs: attributes.timeout * 1000, signal })
}

function sourceOf({ repo }: GitAttributes, machine: Machine): ReturnType<typeof remoteOf> {
  return remoteOf(repo.startsWith('/') ? machine.path(repo) : repo)
}

function short(commit: string): string {
  return commit.slice(0, 12)
}
