import type { AttributesOf, SchemaOf } from '#config/lang'
import { change, changesOf } from '../change.ts'
import { ExecutorError } from '../errors.ts'
import type { Applied, ExecutorOf, ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { ownershipChanges, wantedOwnership } from '../ownership.ts'
import { type Plan, planned } from '../planned.ts'
import {
  entryAt,
  findPlace,
  kindNames,
  makeFolder,
  makePlace,
  type Ownership,
  ownTree,
  removeTree,
  setOwnerAndMode,
} from '../safe-files/index.ts'
import { octal } from './plan-file.ts'

type DirectoryAttributes = AttributesOf<SchemaOf<'directory'>>

export const directoryExecutor: ExecutorOf<'directory'> = planned<DirectoryAttributes>(
  { type: 'directory', reach: 'paths', acts: 'until-compliant' },
  async (attributes, machine, options) =>
    attributes.state === 'absent'
      ? await planRemovalOfTree(attributes.target_path, machine, options)
      : await planPresent(attributes, machine, options),
)

async function planPresent(attributes: DirectoryAttributes, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  const { target_path, recurse } = attributes
  await using place = await findPlace(machine, target_path, options)
  const entry = await entryAt(place, options)
  if (entry.kind !== 'missing' && entry.kind !== 'directory') {
    const hint = entry.kind === 'symlink' ? 'name the directory that it points to' : 'remove it first'
    throw new ExecutorError(
      entry.kind === 'symlink' ? 'unsafe' : 'failed',
      `${target_path} is ${kindNames[entry.kind]}, not a directory; ${hint}`,
    )
  }
  const present = entry.kind === 'directory' ? entry.stats : null
  const ownership = await wantedOwnership(attributes, present, machine, options)
  const mode = Number.parseInt(attributes.mode, 8)
  const changes =
    present === null || place === null
      ? [change('state', 'absent', 'a directory')]
      : [
          ...(await ownershipChanges(present, ownership, machine)),
          ...changesOf(['mode', octal(present.mode), octal(mode)]),
          ...(recurse ? changesOf(['recurse', await foreignIn(place, ownership, options), '']) : []),
        ]
  if (changes.length === 0) return { kind: 'compliant' }
  return {
    kind: 'different',
    changes,
    carryOut: () => carryOut(attributes, ownership, mode, machine, options),
  }
}

async function foreignIn(
  place: Parameters<typeof ownTree>[0],
  ownership: Ownership,
  { signal }: ExecutorOptions,
): Promise<string> {
  const { found } = await ownTree(place, ownership, { signal, isApplying: false })
  return found === 0 ? '' : `${found} entries of others`
}

async function carryOut(
  { target_path, recurse }: DirectoryAttributes,
  ownership: Ownership,
  mode: number,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Applied> {
  await using place = await makePlace(machine, target_path, options)
  // Private until it has its owner.
  await makeFolder(place, 0o700, options)
  await setOwnerAndMode(place, { ...ownership, mode }, options)
  if (!recurse) return {}
  const { leftAlone } = await ownTree(place, ownership, { signal: options.signal, isApplying: true })
  if (leftAlone === 0) return {}
  return {
    note: `${leftAlone} files in ${target_path} keep their owner: they have further names, which others could have made`,
  }
}

/** A directory that is not to be there, whatever is in it. */
export async function planRemovalOfTree(path: string, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  await using place = await findPlace(machine, path, options)
  const entry = await entryAt(place, options)
  if (entry.kind === 'missing') return { kind: 'compliant' }
  if (entry.kind !== 'directory') {
    throw new ExecutorError('failed', `${path} is ${kindNames[entry.kind]}, not a directory; it is not removed`)
  }
  return {
    kind: 'different',
    changes: [change('state', 'a directory', 'absent')],
    carryOut: async () => {
      await using found = await findPlace(machine, path, options)
      if (found !== null) await removeTree(found, options)
      return {}
    },
  }
}
