import { isUtf8 } from 'node:buffer'
import type { AttributesOf, ResourceType, SchemaOf } from '#config/lang'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOf, ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { MissingYet, type Plan, planned } from '../planned.ts'
import { entryAt, findPlace, kindNames, readEntry } from '../safe-files/index.ts'
import { MAX_TEXT_BYTES } from './limits.ts'
import { planFile } from './plan-file.ts'

/** What becomes of a text, or why nothing is to become of it. */
export type Edited = string | { readonly skipped: string }

export interface TextEditor<A> {
  readonly path: (attributes: A) => string
  /** Whether a file that does not exist is one without lines, which an edit makes. */
  readonly creates: (attributes: A) => boolean
  /** Nothing is done when there is no file. */
  readonly removes: (attributes: A) => boolean
  /**
   * The whole file after the edit; the same text when it is as it should be, and so always the second time.
   * @throws ExecutorError 'failed'
   */
  readonly edit: (text: string, attributes: A) => Edited
}

interface EditedFile {
  readonly backup?: string | undefined
  readonly validate?: string | undefined
}

/** An executor that edits a text file whose other parts belong to somebody else; owner, group, mode and label stay. */
export function editing<T extends ResourceType>(type: T, editor: TextEditor<AttributesOf<SchemaOf<T>>>): ExecutorOf<T> {
  const executor = planned<AttributesOf<SchemaOf<T>>>(
    { type, reach: 'paths', acts: 'until-compliant' },
    (attributes, machine, options) => planEdit(editor, attributes, machine, options),
  )
  return executor as ExecutorOf<T>
}

async function planEdit<A extends object>(
  editor: TextEditor<A>,
  attributes: A,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Plan> {
  const path = editor.path(attributes)
  const text = await textAt(path, machine, options)
  if (text === null) {
    if (editor.removes(attributes)) return { kind: 'compliant' }
    if (!editor.creates(attributes)) {
      throw new MissingYet(`${path} does not exist; declare what makes it as a resource that this one depends on`)
    }
  }
  const edited = editor.edit(text ?? '', attributes)
  if (typeof edited !== 'string') return { kind: 'skipped', reason: edited.skipped }
  if (edited === text) return { kind: 'compliant' }
  const { backup, validate }: EditedFile = attributes
  return await planFile({ path, contents: Buffer.from(edited, 'utf8'), backup, validate }, machine, options)
}

/** Null when there is no file. @throws ExecutorError for what is no text file, or a link to one */
async function textAt(path: string, machine: Machine, options: ExecutorOptions): Promise<string | null> {
  await using place = await findPlace(machine, path, options)
  const entry = await entryAt(place, options)
  if (place === null || entry.kind === 'missing') return null
  if (entry.kind === 'symlink') {
    throw new ExecutorError('unsafe', `${path} is a symbolic link; name the file that it points to`)
  }
  if (entry.kind !== 'file') throw new ExecutorError('failed', `${path} is ${kindNames[entry.kind]}, not a file`)
  const { contents } = await readEntry(place, { signal: options.signal, maxBytes: MAX_TEXT_BYTES })
  if (isUtf8(contents)) return contents.toString('utf8')
  throw new ExecutorError('failed', `${path} is no text in UTF-8; it is not edited`)
}
