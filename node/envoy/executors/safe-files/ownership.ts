import { constants, type Stats } from 'node:fs'
import { chown, lchown, open } from 'node:fs/promises'
import { ExecutorError } from '../errors.ts'
import { requireDepth } from './depth.ts'
import { telling } from './file-error.ts'
import type { Folder } from './folder.ts'
import type { Place, PlaceOptions } from './place.ts'
import { isTrustedFolder } from './trust.ts'

export interface Ownership {
  readonly uid: number
  readonly gid: number
}

/**
 * Gives a file or directory that exists its owner and bits of permission; a link is refused. With `expected` it must be the one that was
 * looked at: somebody may have put a second name of a system file there meanwhile.
 * @throws ExecutorError
 */
export async function setOwnerAndMode(
  place: Place,
  { uid, gid, mode }: Ownership & { mode: number },
  { signal, expected }: PlaceOptions & { expected?: Stats },
): Promise<void> {
  signal.throwIfAborted()
  await telling(`changing owner and mode of ${place.shown}`, async () => {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    const file = await open(place.folder.at(place.name), flags)
    try {
      const stats = await file.stat()
      if (expected !== undefined && (stats.ino !== expected.ino || stats.dev !== expected.dev)) {
        throw new ExecutorError('unsafe', `${place.shown} was replaced while it was looked at`)
      }
      if (stats.uid !== uid || stats.gid !== gid) await file.chown(uid, gid)
      await file.chmod(mode)
    } finally {
      await file.close()
    }
  })
}

/** What of a tree belongs to somebody else than it should. */
export interface Foreign {
  readonly found: number
  /** Files with further names that could be somebody's else: whoever may write in the folder could have linked them there. */
  readonly leftAlone: number
}

export interface OwnTreeOptions extends PlaceOptions {
  /** Without it nothing is changed, only counted. */
  readonly isApplying: boolean
}

/** Everything in a directory, to any depth, without following links. @throws ExecutorError */
export async function ownTree(place: Place, wanted: Ownership, options: OwnTreeOptions): Promise<Foreign> {
  const count = { found: 0, leftAlone: 0 }
  await telling(`changing the owner of what is in ${place.shown}`, async () => {
    await using folder = await place.folder.enter(place.name)
    await ownEntries(folder, wanted, options, count, 1)
  })
  return count
}

async function ownEntries(
  folder: Folder,
  wanted: Ownership,
  options: OwnTreeOptions,
  count: { found: number; leftAlone: number },
  depth: number,
): Promise<void> {
  requireDepth(depth, folder.path)
  const isOurs = isTrustedFolder(await folder.status())
  for (const name of await folder.names()) {
    options.signal.throwIfAborted()
    const stats = await folder.statusOf(name)
    if (stats.uid !== wanted.uid || stats.gid !== wanted.gid) {
      if (!isOurs && hasOtherNames(stats)) count.leftAlone++
      else {
        count.found++
        if (options.isApplying) await ownEntry(folder, name, stats, wanted, isOurs)
      }
    }
    if (!stats.isDirectory()) continue
    await using inner = await folder.enter(name)
    await ownEntries(inner, wanted, options, count, depth + 1)
  }
}

async function ownEntry(
  folder: Folder,
  name: string,
  stats: Stats,
  { uid, gid }: Ownership,
  isOurs: boolean,
): Promise<void> {
  if (isOurs || stats.isSymbolicLink() || stats.isDirectory() || process.platform !== 'linux') {
    await lchown(folder.at(name), uid, gid)
    return
  }
  // Held open, so that nobody puts a second name of a system file there after it was looked at.
  const file = await open(folder.at(name), O_PATH | constants.O_NOFOLLOW)
  try {
    const held = await file.stat()
    if (!held.isSymbolicLink() && !hasOtherNames(held)) await chown(`/proc/self/fd/${file.fd}`, uid, gid)
  } finally {
    await file.close()
  }
}

const O_PATH = 0o10000000

function hasOtherNames(stats: Stats): boolean {
  return !stats.isDirectory() && stats.nlink > 1
}
