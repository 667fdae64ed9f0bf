import { readFile, rmdir, unlink } from 'node:fs/promises'
import { codeOf } from '#node/kit'
import { ExecutorError } from '../errors.ts'
import { requireDepth } from './depth.ts'
import { telling } from './file-error.ts'
import type { Folder } from './folder.ts'
import type { Place, PlaceOptions } from './place.ts'

/** Removes a file, link, pipe: anything but a directory. Nothing there is fine. @throws ExecutorError */
export async function removeEntry(place: Place, { signal }: PlaceOptions): Promise<void> {
  signal.throwIfAborted()
  await telling(`removing ${place.shown}`, async () => {
    await unlink(place.folder.at(place.name)).catch(unlessMissing)
    await place.folder.sync()
  })
}

/**
 * Removes a directory with everything in it. Links are removed, never followed; what is mounted in it is not removed.
 * @throws ExecutorError
 */
export async function removeTree(place: Place, { signal }: PlaceOptions): Promise<void> {
  signal.throwIfAborted()
  await telling(`removing ${place.shown}`, async () => {
    const mounted = await mountedBelow(place.path)
    if (mounted !== undefined) throw isMounted(mounted, place.shown)
    const { dev } = await place.folder.status()
    await removeFolder(place.folder, place.name, { dev, shown: place.shown, signal }, 1)
    await place.folder.sync()
  })
}

export async function removeEmptyFolder(place: Place, { signal }: PlaceOptions): Promise<void> {
  signal.throwIfAborted()
  await telling(`removing ${place.shown}`, () => rmdir(place.folder.at(place.name)))
}

interface Removal {
  /** Of the device that is not left. */
  readonly dev: number
  readonly shown: string
  readonly signal: AbortSignal
}

async function removeFolder(parent: Folder, name: string, removal: Removal, depth: number): Promise<void> {
  requireDepth(depth, parent.path)
  const { dev, shown, signal } = removal
  {
    await using folder = await parent.enter(name)
    if ((await folder.status()).dev !== dev) throw isMounted(folder.path, shown)
    for (const entry of await folder.names()) {
      signal.throwIfAborted()
      const stats = await folder.statusOf(entry)
      if (stats.isDirectory()) await removeFolder(folder, entry, removal, depth + 1)
      else await unlink(folder.at(entry)).catch(unlessMissing)
    }
  }
  await rmdir(parent.at(name)).catch(unlessMissing)
}

/** A folder that is mounted a second time has the device of the first. */
async function mountedBelow(path: string): Promise<string | undefined> {
  const table = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  const points = table.split('\n').map(line => unescaped(line.split(' ')[4] ?? ''))
  return points.find(point => point === path || point.startsWith(`${path}/`))
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

function isMounted(path: string, shown: string): ExecutorError {
  return new ExecutorError('unsafe', `${path} is mounted in ${shown}, which is not removed for that; unmount it first`)
}

function unlessMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}
