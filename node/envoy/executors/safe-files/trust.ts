import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Folder } from './folder.ts'

const STICKY = 0o1000
const WRITABLE_BY_GROUP = 0o020
const WRITABLE_BY_ALL = 0o002

/** Root, and whoever runs the agent. */
export function isTrustedOwner(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.()
}

/** The group of root, or the agent's own, counts as its user: distributions make files writable for the group that a user is alone in. */
export function isWritableByOthers({ gid, mode }: Stats): boolean {
  if ((mode & WRITABLE_BY_ALL) !== 0) return true
  return (mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0 && gid !== process.getgid?.()
}

/** Whether only root or the agent could have put an entry of theirs there: a sticky folder keeps others from replacing it. */
export function isTrustedFolder(folder: Stats): boolean {
  return isTrustedOwner(folder.uid) && (!isWritableByOthers(folder) || (folder.mode & STICKY) !== 0)
}

/** A link decides where an agent that may do everything writes to: it is followed only when nobody else could have made it. */
export function isTrustedLink(link: Stats, folder: Stats): boolean {
  return isTrustedOwner(link.uid) && isTrustedFolder(folder)
}

/** Whether nobody else can replace the folder or any that it is in: programs of root may then look it up by its path. */
export async function isTrustedWay(folder: Folder): Promise<boolean> {
  let [name, stats] = ['.', await folder.status()]
  for (;;) {
    if (!isTrustedFolder(stats)) return false
    name += '/..'
    const parent = await stat(folder.at(name))
    if (parent.ino === stats.ino && parent.dev === stats.dev) return true
    stats = parent
  }
}
