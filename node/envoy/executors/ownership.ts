import type { Stats } from 'node:fs'
import type { Change } from '#node/checkin'
import { change } from './change.ts'
import type { ExecutorOptions } from './executor.ts'
import type { Machine } from './machine.ts'
import { MissingYet } from './planned.ts'
import type { Ownership } from './safe-files/index.ts'

/**
 * Whose something should be. What is not said stays as it is, and is the agent's where there was nothing. In a sandbox of an agent that
 * cannot give files away everything stays as it is.
 */
export async function wantedOwnership(
  { owner, group }: { readonly owner?: string | undefined; readonly group?: string | undefined },
  present: Stats | null,
  { accounts, isSandboxed }: Pick<Machine, 'accounts' | 'isSandboxed'>,
  { signal }: ExecutorOptions,
): Promise<Ownership> {
  const unchanged = {
    uid: present?.uid ?? process.getuid?.() ?? 0,
    gid: present?.gid ?? process.getgid?.() ?? 0,
  }
  if (isSandboxed && !accounts.canImpersonate) return unchanged
  const user = owner === undefined ? undefined : await accounts.user(owner, { signal })
  const named = group === undefined ? undefined : await accounts.group(group, { signal })
  if (user === null) throw missing('user', owner)
  if (named === null) throw missing('group', group)
  return { uid: user?.uid ?? unchanged.uid, gid: named?.gid ?? unchanged.gid }
}

/** What differs, with names. */
export async function ownershipChanges(
  is: Ownership,
  should: Ownership,
  { accounts }: Pick<Machine, 'accounts'>,
): Promise<readonly Change[]> {
  return [
    ...(is.uid === should.uid
      ? []
      : [change('owner', await accounts.userName(is.uid), await accounts.userName(should.uid))]),
    ...(is.gid === should.gid
      ? []
      : [change('group', await accounts.groupName(is.gid), await accounts.groupName(should.gid))]),
  ]
}

function missing(what: string, name: string | undefined): MissingYet {
  return new MissingYet(`this machine has no ${what} '${name}'; declare it as a resource that this one depends on`)
}
