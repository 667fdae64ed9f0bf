import { isUtf8 } from 'node:buffer'
import type { AttributesOf, SchemaOf } from '#config/lang'
import { change } from '../change.ts'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOf, ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { MissingYet, type Plan, planned } from '../planned.ts'
import { entryAt, findPlace, kindNames, type Place, readEntry, removeEntry } from '../safe-files/index.ts'
import { MAX_CONTENTS_BYTES } from './limits.ts'
import { existingPlace, planFile } from './plan-file.ts'
import { sourceContents } from './source.ts'
import { streamEdited } from './stream-edit.ts'

type FileAttributes = AttributesOf<SchemaOf<'file'>>

export const fileExecutor: ExecutorOf<'file'> = planned<FileAttributes>(
  { type: 'file', reach: 'paths', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    if (attributes.state === 'absent') return await planRemoval(attributes.target_path, machine, options)
    const contents = await wantedContents(attributes, machine, options)
    return await planFile({ ...attributes, path: attributes.target_path, contents }, machine, options)
  },
)

/** A file or link that is not to be there. @throws ExecutorError 'failed' for a directory */
export async function planRemoval(path: string, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  await using place = await findPlace(machine, path, options)
  const entry = await entryAt(place, options)
  if (entry.kind === 'missing') return { kind: 'compliant' }
  if (entry.kind === 'directory') {
    throw new ExecutorError('failed', `${path} is a directory; to remove it declare it as one with 'state: absent'`)
  }
  return {
    kind: 'different',
    changes: [change('state', kindNames[entry.kind], 'absent')],
    carryOut: async () => {
      await using found = await findPlace(machine, path, options)
      if (found !== null) await removeEntry(found, options)
      return {}
    },
  }
}

async function wantedContents(
  { content, source, baseindent, stream_edit, target_path }: FileAttributes,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Buffer> {
  const edits = stream_edit ?? []
  const base =
    content !== undefined
      ? Buffer.from(content, 'utf8')
      : source !== undefined
        ? await sourceContents(source, machine, options)
        : edits.length > 0
          ? await presentContents(target_path, machine, options)
          : Buffer.alloc(0)
  const isIndented = baseindent !== undefined && baseindent > 0
  if (!isIndented && edits.length === 0) return base
  if (!isUtf8(base)) throw new ExecutorError('failed', `the contents for ${target_path} are no text that can be edited`)
  const text = isIndented ? Buffer.from(indented(base.toString('utf8'), baseindent), 'utf8') : base
  return edits.length === 0 ? text : await streamEdited(text, edits, machine, options)
}

/** Edits of a file that says nothing about its contents are edits of what it holds. */
async function presentContents(path: string, machine: Machine, options: ExecutorOptions): Promise<Buffer> {
  await using place: Place = await existingPlace(path, machine, options)
  if ((await entryAt(place, options)).kind === 'missing') {
    throw new MissingYet(`${path} does not exist; give it 'content' or 'source', which 'stream_edit' can edit`)
  }
  return (await readEntry(place, { signal: options.signal, maxBytes: MAX_CONTENTS_BYTES })).contents
}

/** Spaces before each line that is not empty. */
export function indented(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(spaces))
}
