import { access } from 'node:fs/promises'
import { ExecutorError } from '../../errors.ts'
import type { ExecutorOptions } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { MissingYet } from '../../planned.ts'
import type { Budget } from '../budget.ts'
import { mustInvoke } from '../invoke.ts'
import { readDatabases } from './databases.ts'
import type { UserAttributes } from './user.ts'

/**
 * The number of the primary group that the attributes ask for; undefined when they ask for none, null when it has to be made, which
 * only a number can ask for. @throws MissingYet when a named group does not exist
 */
export async function primaryGid(
  { username, group, gid }: UserAttributes,
  machine: Machine,
  options: Pick<ExecutorOptions, 'signal'>,
): Promise<number | null | undefined> {
  if (group === undefined) {
    if (gid === undefined) return undefined
    const { groups } = await readDatabases(machine)
    return [...groups.values()].some(each => each.gid === gid) ? gid : null
  }
  const found = await machine.accounts.group(group, options)
  if (found === null || found.name !== group) {
    if (gid !== undefined) return null
    throw new MissingYet(
      `this machine has no group '${group}'; declare it as a resource that user ${username} depends on`,
    )
  }
  if (gid !== undefined && found.gid !== gid) {
    throw new ExecutorError(
      'failed',
      `group '${group}' of user ${username} has number ${found.gid}, not ${gid}; say one of both`,
    )
  }
  return found.gid
}

/** @throws MissingYet */
export async function requireGroups(
  attributes: UserAttributes,
  machine: Machine,
  options: Pick<ExecutorOptions, 'signal'>,
): Promise<void> {
  await primaryGid(attributes, machine, options)
  const { groups } = await readDatabases(machine)
  const missing = (attributes.groups ?? []).filter(name => !groups.has(name))
  if (missing.length > 0) {
    throw new MissingYet(
      `this machine has no group '${missing.join("', '")}'; declare it as a resource that user ${attributes.username} depends on`,
    )
  }
}

/** Whoever has a shell that does not exist cannot log in. @throws MissingYet */
export async function requireShell({ username, shell }: UserAttributes, machine: Machine): Promise<void> {
  if (shell === undefined) return
  await access(machine.path(shell)).catch(() => {
    throw new MissingYet(`${shell}, the shell of user ${username}, does not exist; declare its package before the user`)
  })
}

/** What `useradd -g` gets: made when only its number was given; a group of the user's name is the user's own. */
export async function groupForNewUser(
  attributes: UserAttributes,
  machine: Machine,
  budget: Budget,
): Promise<string | undefined> {
  const { username } = attributes
  const gid = await primaryGid(attributes, machine, budget)
  if (gid === null) await makeGroup(attributes, machine, budget)
  if (gid !== undefined) return String(gid ?? attributes.gid)
  const { groups } = await readDatabases(machine)
  return groups.has(username) ? username : undefined
}

/** A group with the number that was asked for, named as was asked for or like the user. */
export async function makeGroup(
  { username, group, gid, system }: UserAttributes,
  machine: Machine,
  budget: Budget,
): Promise<void> {
  const args = [...(system ? ['-r'] : []), '-g', String(gid), '--', group ?? username]
  await mustInvoke(machine, budget, 'groupadd', args)
}
