import { readFile, realpath } from 'node:fs/promises'
import type { Machine } from '../../machine.ts'
import { telling } from '../../safe-files/index.ts'
import { decoded, type FstabEntry } from './fstab.ts'

/** What is mounted on a path: the uppermost, where there are several. */
export interface Mounted {
  readonly source: string
  readonly fstype: string
}

const BY: Readonly<Record<string, string>> = {
  UUID: 'by-uuid',
  LABEL: 'by-label',
  PARTUUID: 'by-partuuid',
  PARTLABEL: 'by-partlabel',
}
/** What mount(8) finds out by itself, or what is another name for the same. */
const ANY_TYPE = new Set(['auto', 'none', 'bind'])

/** From the kernel's own table, which findmnt reads too. */
export async function mountedAt(path: string, machine: Machine): Promise<Mounted | null> {
  const text = await telling('reading the table of mounts', () =>
    readFile(machine.path('/proc/self/mountinfo'), 'utf8'),
  )
  return parseMountinfo(text, path)
}

export function parseMountinfo(text: string, path: string): Mounted | null {
  let found: Mounted | null = null
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    if (decoded(before.split(' ')[4] ?? '') !== path) continue
    const [fstype = '', source = ''] = after.split(' ')
    found = { fstype, source: decoded(source) }
  }
  return found
}

/** Whether what is mounted is what the entry would mount, as far as that can be told. */
export async function isMountOf(entry: FstabEntry, { source, fstype }: Mounted): Promise<boolean> {
  const isBind = /(?:^|,)r?bind(?:,|$)/.test(entry.options)
  // A bind mount shows the file system that the folder is on.
  if (isBind) return true
  const isType = ANY_TYPE.has(entry.fstype) || fstype === entry.fstype || fstype.startsWith(`${entry.fstype}4`)
  const isFuse = entry.fstype.startsWith('fuse') || fstype.startsWith('fuse')
  if (!isType && !isFuse) return false
  const [, kind = '', value = ''] = /^([A-Z]+)="?([^"]*)"?$/.exec(entry.device) ?? []
  const folder = BY[kind]
  if (folder !== undefined) {
    const device = await realpath(`/dev/disk/${folder}/${value}`).catch(() => null)
    return device === null || device === (await realpath(source).catch(() => source))
  }
  if (entry.device.startsWith('/dev/') && source.startsWith('/dev/')) {
    const [a, b] = await Promise.all([entry.device, source].map(each => realpath(each).catch(() => each)))
    // A file that is mounted as a disk shows as its loop device.
    return a === b
  }
  return source.startsWith('/dev/loop') || isFuse || withoutSlash(source) === withoutSlash(entry.device)
}

function withoutSlash(text: string): string {
  return text.replace(/(.)\/+$/, '$1')
}
