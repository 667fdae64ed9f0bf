import { posix } from 'node:path'
import { ExecutorError } from '../errors.ts'
import { lexical } from '../machine/index.ts'
import type { Machine } from '../machine.ts'
import { telling } from './file-error.ts'
import type { Folder } from './folder.ts'
import { Walk } from './walk.ts'

/** An entry of a folder that is held open, whether it exists or not. */
export interface Place extends AsyncDisposable {
  readonly folder: Folder
  readonly name: string
  /** As the configuration says it; for people. */
  readonly shown: string
  /** Where it is, links resolved; for programs. */
  readonly path: string
}

export interface PlaceOptions {
  readonly signal: AbortSignal
}

/**
 * Finds where a path of the configuration is, without following what somebody other than root or the agent could have linked, and in a
 * sandbox without leaving the root. The last part is never followed. Null when a folder on the way does not exist.
 * @throws ExecutorError 'unsafe', 'failed', 'blocked'
 */
export async function findPlace(
  machine: Pick<Machine, 'root'>,
  path: string,
  { signal }: PlaceOptions,
): Promise<Place | null> {
  const shown = lexical(path)
  const parts = shown.split('/').slice(1)
  const name = parts.pop() ?? ''
  if (name === '') throw new ExecutorError('unsafe', 'the root directory itself is not managed; name something in it')
  const folder = await telling(`finding ${shown}`, () => new Walk(machine.root, shown, signal).follow(parts))
  return folder === null ? null : placeIn(folder, name, shown)
}

/** The same for a path that is only read: its last part may be a trusted link. */
export async function findThroughLink(
  machine: Pick<Machine, 'root'>,
  path: string,
  { signal }: PlaceOptions,
): Promise<Place | null> {
  const shown = lexical(path)
  const parts = shown.split('/').slice(1)
  return await telling(`finding ${shown}`, async () => {
    const last = await new Walk(machine.root, shown, signal).resolveLast(parts)
    return last === null ? null : placeIn(last.folder, last.name, shown)
  })
}

function placeIn(folder: Folder, name: string, shown: string): Place {
  return {
    folder,
    name,
    shown,
    path: posix.join(folder.path, name),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
