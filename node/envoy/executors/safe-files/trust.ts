import type { Stats } from 'node:fs'

const STICKY = 0o1000
const WRITABLE_BY_OTHERS = 0o022

/** Root, and whoever runs the agent. */
export function isTrustedOwner(uid: number): boolean {
  return uid === 0 || uid === process.getuid?.()
}

/** Whether only root or the agent could have put an entry of theirs there: a sticky folder keeps others from replacing it. */
export function isTrustedFolder({ uid, mode }: Stats): boolean {
  return isTrustedOwner(uid) && ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0)
}

/** A link decides where an agent that may do everything writes to: it is followed only when nobody else could have made it. */
export function isTrustedLink(link: Stats, folder: Stats): boolean {
  return isTrustedOwner(link.uid) && isTrustedFolder(folder)
}
