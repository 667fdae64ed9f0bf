import type { Machine } from '../../machine.ts'
import { ParsedFile } from '../parsed-file.ts'

export interface UserEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  /** Full name, and after commas what finger(1) once showed. */
  readonly comment: string
  readonly home: string
  readonly shell: string
}

export interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

export interface ShadowEntry {
  readonly hash: string
  /** Days until the password must change; -1 for never. */
  readonly maxAgeDays: number
}

/** The accounts that this machine itself has. Those of a directory service are none of them: its tools change only these. */
export interface Databases {
  readonly users: ReadonlyMap<string, UserEntry>
  readonly groups: ReadonlyMap<string, GroupEntry>
  readonly passwords: ReadonlyMap<string, ShadowEntry>
}

const users = new ParsedFile(parsePasswd)
const groups = new ParsedFile(parseGroup)
const passwords = new ParsedFile(parseShadow)

/** Days that mean never to the tools: they write it where nobody said anything else. */
export const NEVER_DAYS = 99_999

export async function readDatabases(machine: Machine): Promise<Databases> {
  const [passwd, group, shadow] = ['/etc/passwd', '/etc/group', '/etc/shadow'].map(path => machine.path(path))
  return {
    users: await users.read(passwd ?? ''),
    groups: await groups.read(group ?? ''),
    passwords: await passwords.read(shadow ?? ''),
  }
}

export function parsePasswd(text: string): Map<string, UserEntry> {
  return byName(text, ([name = '', , uid = '', gid = '', comment = '', home = '', shell = '']) => ({
    name,
    uid: Number(uid),
    gid: Number(gid),
    comment,
    home,
    shell: shell === '' ? '/bin/sh' : shell,
  }))
}

export function parseGroup(text: string): Map<string, GroupEntry> {
  return byName(text, ([name = '', , gid = '', members = '']) => ({
    name,
    gid: Number(gid),
    members: members.split(',').filter(member => member !== ''),
  }))
}

export function parseShadow(text: string): Map<string, ShadowEntry & { readonly name: string }> {
  return byName(text, ([name = '', hash = '', , , maxAge = '']) => ({
    name,
    hash,
    maxAgeDays: /^\d+$/.test(maxAge) && Number(maxAge) < NEVER_DAYS ? Number(maxAge) : -1,
  }))
}

/** The first line of a name counts, as it does for the C library. */
function byName<T extends { readonly name: string }>(
  text: string,
  entryOf: (fields: readonly string[]) => T,
): Map<string, T> {
  const entries = new Map<string, T>()
  for (const line of text.split('\n')) {
    const fields = line.split(':')
    if (fields.length < 3 || line.startsWith('#') || line.startsWith('+')) continue
    const entry = entryOf(fields)
    if (!entries.has(entry.name)) entries.set(entry.name, entry)
  }
  return entries
}
