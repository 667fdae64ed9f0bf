import type { Change } from '#node/checkin'
import { change, changesOf } from '../change.ts'
import { ExecutorError } from '../errors.ts'
import type { Applied, ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { ownershipChanges, wantedOwnership } from '../ownership.ts'
import { MissingYet, type Plan } from '../planned.ts'
import {
  type Entry,
  entryAt,
  findPlace,
  isTrustedFolder,
  kindNames,
  type Ownership,
  type Place,
  readEntry,
  replaceFile,
  setOwnerAndMode,
} from '../safe-files/index.ts'
import { keepBackup } from './backup.ts'
import { contentsDiff, type Version } from './contents-diff.ts'
import { hasLabels, labelAt, setLabel } from './selinux.ts'
import { validateContents } from './validate.ts'

/** A regular file as it should be. What is undefined stays as it is; of a new file it is the agent's, with mode 0644. */
export interface WantedFile {
  readonly path: string
  readonly contents: Uint8Array
  readonly owner?: string | undefined
  readonly group?: string | undefined
  readonly mode?: string | undefined
  readonly secontext?: string | undefined
  readonly backup?: string | undefined
  readonly validate?: string | undefined
}

const NEW_MODE = 0o644
/** Longer old contents are not read for a diff. */
const MAX_OLD_BYTES = 256 * 1024

/** What differs from the wanted file, and how it gets there. @throws ExecutorError */
export async function planFile(wanted: WantedFile, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  await using place = await existingPlace(wanted.path, machine, options)
  const target = await targetOf(place, wanted, machine, options)
  const { changes, diff } = await differences(place, target, wanted, machine, options)
  if (changes.length === 0) return { kind: 'compliant' }
  return {
    kind: 'different',
    changes,
    ...(diff === undefined ? {} : { diff }),
    carryOut: () => carryOut(wanted, machine, options),
  }
}

/** @throws MissingYet when a directory on the way is not there */
export async function existingPlace(path: string, machine: Machine, options: ExecutorOptions): Promise<Place> {
  const place = await findPlace(machine, path, options)
  if (place !== null) return place
  const folder = path.replace(/\/+[^/]*\/*$/, '')
  throw new MissingYet(`the directory ${folder} does not exist; declare it as a resource that this one depends on`)
}

/** What is there now, and what decides how the wanted file gets there. */
interface Target {
  readonly entry: Entry
  readonly ownership: Ownership
  readonly mode: number
  /** Null: nothing that could be kept is there. */
  readonly old: Buffer | null
  readonly isSame: boolean
}

async function targetOf(place: Place, wanted: WantedFile, machine: Machine, options: ExecutorOptions): Promise<Target> {
  const { signal } = options
  const entry = await entryAt(place, options)
  if (entry.kind === 'directory' || entry.kind === 'other') {
    throw new ExecutorError('failed', `${place.shown} is ${kindNames[entry.kind]}, not a file; remove it first`)
  }
  const present = entry.kind === 'file' ? entry.stats : null
  const ownership = await wantedOwnership(wanted, present, machine, options)
  const mode = wanted.mode === undefined ? (present?.mode ?? NEW_MODE) & 0o7777 : Number.parseInt(wanted.mode, 8)
  const canBeSame = present?.size === wanted.contents.length
  const isRead = present !== null && (canBeSame || present.size <= MAX_OLD_BYTES)
  const maxBytes = Math.max(wanted.contents.length, MAX_OLD_BYTES)
  const old = isRead ? (await readEntry(place, { signal, maxBytes })).contents : null
  return { entry, ownership, mode, old, isSame: old?.equals(wanted.contents) === true }
}

async function differences(
  place: Place,
  { entry, ownership, mode, old, isSame }: Target,
  { contents, secontext }: WantedFile,
  machine: Machine,
  options: ExecutorOptions,
): Promise<{ changes: readonly Change[]; diff?: string | undefined }> {
  const after = { contents, mode }
  if (entry.kind !== 'file') {
    const changes = [change('state', kindNames[entry.kind], `a file of ${contents.length} bytes`)]
    return { changes, diff: contentsDiff(place.shown, null, after) }
  }
  const { stats } = entry
  const before: Version | null = old === null ? null : { contents: old, mode: stats.mode }
  const isLabelled = secontext !== undefined && hasLabels(machine)
  return {
    changes: [
      ...(isSame ? [] : [change('contents', `${stats.size} bytes`, `${contents.length} bytes`)]),
      ...(await ownershipChanges(stats, ownership, machine)),
      ...changesOf(
        ['mode', octal(stats.mode), octal(mode)],
        ['secontext', isLabelled ? await labelAt(place, machine, options) : '', isLabelled ? secontext : ''],
      ),
    ],
    diff: isSame || before === null ? undefined : contentsDiff(place.shown, before, after),
  }
}

async function carryOut(wanted: WantedFile, machine: Machine, options: ExecutorOptions): Promise<Applied> {
  await using place = await existingPlace(wanted.path, machine, options)
  const target = await targetOf(place, wanted, machine, options)
  const { entry, ownership, mode, isSame } = target
  if (isSame && entry.kind === 'file' && (entry.stats.nlink === 1 || isTrustedFolder(await place.folder.status()))) {
    await setOwnerAndMode(place, { ...ownership, mode }, { signal: options.signal, expected: entry.stats })
    await labelInPlace(place, wanted, machine, options)
    return {}
  }
  if (entry.kind === 'file' && !isSame) await keepBackup(place, wanted.backup, options)
  await replaceFile(
    place,
    {
      contents: wanted.contents,
      mode,
      ...ownership,
      inspect: async temporary => {
        await labelNew(temporary.path, place, entry, wanted, machine, options)
        if (wanted.validate !== undefined) {
          await validateContents(wanted.validate, temporary, place.shown, machine, options)
        }
      },
    },
    options,
  )
  return {}
}

async function labelInPlace(
  place: Place,
  { secontext }: WantedFile,
  machine: Machine,
  options: ExecutorOptions,
): Promise<void> {
  if (secontext === undefined || !hasLabels(machine)) return
  const path = place.folder.atForPrograms(place.name)
  await setLabel(path, { context: secontext }, machine, options)
}

/** A new file has the label of its directory until it is told otherwise. */
async function labelNew(
  path: string,
  place: Place,
  entry: Entry,
  { secontext }: WantedFile,
  machine: Machine,
  options: ExecutorOptions,
): Promise<void> {
  if (!hasLabels(machine)) return
  if (secontext !== undefined) await setLabel(path, { context: secontext }, machine, options)
  else if (entry.kind === 'file') {
    await setLabel(path, { like: place.folder.atForPrograms(place.name) }, machine, options)
  }
}

export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}
