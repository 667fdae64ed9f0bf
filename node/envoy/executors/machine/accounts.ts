import { readFile, stat } from 'node:fs/promises'
import { codeOf } from '#node/kit'
import type { Account, Accounts } from '../machine.ts'

/** Looks up one entry of a database that is not in its file (LDAP, SSSD); null for none. */
export type AskNameService = (
  database: 'passwd' | 'group',
  key: string,
  options: { signal: AbortSignal },
) => Promise<string | null>

export interface AccountsOptions {
  readonly passwd: string
  readonly group: string
  readonly canImpersonate: boolean
  readonly ask: AskNameService
}

/** From the files, which are read again when they changed; who is not there is asked for. */
export function createAccounts({ passwd, group, canImpersonate, ask }: AccountsOptions): Accounts {
  const users = new Table(passwd, accountOf)
  const groups = new Table(group, groupOf)
  return {
    canImpersonate,
    user: async (name, options) => {
      const { byName, byNumber } = await users.read()
      const found = byName.get(name) ?? byNumber.get(numberOf(name))
      return found ?? accountOf(fieldsOf(await ask('passwd', name, options))) ?? nobodyNumbered(name)
    },
    group: async (name, options) => {
      const { byName, byNumber } = await groups.read()
      const gid = numberOf(name)
      const found = byName.get(name) ?? byNumber.get(gid)
      return found ?? groupOf(fieldsOf(await ask('group', name, options))) ?? (Number.isNaN(gid) ? null : { name, gid })
    },
    userName: async uid => (await users.read()).byNumber.get(uid)?.name ?? String(uid),
    groupName: async gid => (await groups.read()).byNumber.get(gid)?.name ?? String(gid),
  }
}

interface Entries<T> {
  readonly byName: ReadonlyMap<string, T>
  readonly byNumber: ReadonlyMap<number, T>
}

class Table<T extends { readonly name: string }> {
  readonly #path: string
  readonly #entryOf: (fields: readonly string[]) => T | null
  #stamp = ''
  #entries: Entries<T> = { byName: new Map(), byNumber: new Map() }

  constructor(path: string, entryOf: (fields: readonly string[]) => T | null) {
    this.#path = path
    this.#entryOf = entryOf
  }

  async read(): Promise<Entries<T>> {
    try {
      const { ino, size, mtimeNs } = await stat(this.#path, { bigint: true })
      const stamp = `${ino} ${size} ${mtimeNs}`
      if (stamp === this.#stamp) return this.#entries
      this.#entries = this.#parse(await readFile(this.#path, 'utf8'))
      this.#stamp = stamp
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
    return this.#entries
  }

  #parse(text: string): Entries<T> {
    const byName = new Map<string, T>()
    const byNumber = new Map<number, T>()
    for (const line of text.split('\n')) {
      const fields = line.split(':')
      const entry = this.#entryOf(fields)
      if (entry === null) continue
      if (!byName.has(entry.name)) byName.set(entry.name, entry)
      const number = numberOf(fields[2] ?? '')
      if (!byNumber.has(number)) byNumber.set(number, entry)
    }
    return { byName, byNumber }
  }
}

function accountOf([name = '', , uid = '', gid = '', , home = '/']: readonly string[]): Account | null {
  const account = { name, uid: numberOf(uid), gid: numberOf(gid), home: home === '' ? '/' : home }
  return name === '' || Number.isNaN(account.uid) || Number.isNaN(account.gid) ? null : account
}

function groupOf([name = '', , gid = '']: readonly string[]): { name: string; gid: number } | null {
  return name === '' || Number.isNaN(numberOf(gid)) ? null : { name, gid: numberOf(gid) }
}

function nobodyNumbered(name: string): Account | null {
  const uid = numberOf(name)
  return Number.isNaN(uid) ? null : { name, uid, gid: uid, home: '/' }
}

function fieldsOf(line: string | null): readonly string[] {
  return line?.trim().split(':') ?? []
}

/** The highest number means "no change" to chown. */
function numberOf(text: string): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return number < 4_294_967_295 ? number : Number.NaN
}
