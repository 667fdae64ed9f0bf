import { readlink } from 'node:fs/promises'
import type { AttributesOf, SchemaOf } from '#config/lang'
import { change, changesOf } from '../change.ts'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOf, ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { type Plan, planned } from '../planned.ts'
import {
  entryAt,
  findPlace,
  kindNames,
  makeLink,
  type Place,
  removeEmptyFolder,
  removeEntry,
  telling,
} from '../safe-files/index.ts'
import { existingPlace } from './plan-file.ts'

type SymlinkAttributes = AttributesOf<SchemaOf<'symlink'>>

export const symlinkExecutor: ExecutorOf<'symlink'> = planned<SymlinkAttributes>(
  { type: 'symlink', reach: 'paths', acts: 'until-compliant' },
  async (attributes, machine, options) =>
    attributes.state === 'absent'
      ? await planAbsent(attributes.target_path, machine, options)
      : await planPresent(attributes, machine, options),
)

async function planPresent(attributes: SymlinkAttributes, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  const target = linkText(attributes.link_target ?? '', machine)
  await using place = await existingPlace(attributes.target_path, machine, options)
  const entry = await entryAt(place, options)
  const now = entry.kind === 'symlink' ? await targetOf(place) : kindNames[entry.kind]
  if (entry.kind === 'symlink' && now === target) return { kind: 'compliant' }
  const isInTheWay = entry.kind !== 'missing' && entry.kind !== 'symlink'
  if (isInTheWay && (!attributes.force || entry.kind === 'other')) {
    const hint = entry.kind === 'other' ? 'remove it first' : "'force: true' replaces a file or an empty directory"
    throw new ExecutorError('failed', `${place.shown} is ${now}, not a symbolic link; ${hint}`)
  }
  return {
    kind: 'different',
    changes: isInTheWay ? [change('state', now, `a link to ${target}`)] : changesOf(['link_target', now, target]),
    carryOut: async () => {
      await using found = await existingPlace(attributes.target_path, machine, options)
      if (attributes.force && (await entryAt(found, options)).kind === 'directory') {
        await removeEmptyFolder(found, options)
      }
      await makeLink(found, target, options)
      return {}
    },
  }
}

async function planAbsent(path: string, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  await using place = await findPlace(machine, path, options)
  const entry = await entryAt(place, options)
  if (place === null || entry.kind === 'missing') return { kind: 'compliant' }
  if (entry.kind !== 'symlink') {
    throw new ExecutorError('failed', `${path} is ${kindNames[entry.kind]}, not a symbolic link; it is not removed`)
  }
  return {
    kind: 'different',
    changes: [change('link_target', await targetOf(place), 'absent')],
    carryOut: async () => {
      await using found = await findPlace(machine, path, options)
      if (found !== null && (await entryAt(found, options)).kind === 'symlink') await removeEntry(found, options)
      return {}
    },
  }
}

/** In a sandbox an absolute target is below the root too, so that programs find it there. */
function linkText(target: string, machine: Machine): string {
  return machine.isSandboxed && target.startsWith('/') ? machine.path(target) : target
}

async function targetOf(place: Place): Promise<string> {
  return await telling(`reading ${place.shown}`, () => readlink(place.folder.at(place.name)))
}
