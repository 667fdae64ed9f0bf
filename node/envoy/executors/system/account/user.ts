import { change } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { Applied, ExecutorOf, ExecutorOptions } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { type Plan, planned } from '../../planned.ts'
import { lastWords } from '../../shell.ts'
import { Budget } from '../budget.ts'
import { reportable } from '../changes.ts'
import { invoke, mustInvoke } from '../invoke.ts'
import { readDatabases } from './databases.ts'
import { granted, readSwarmFlags, writeSwarmFlags } from './swarm-flags.ts'
import { groupForNewUser, requireGroups, requireShell } from './user-groups.ts'
import { isHomeOfItsOwn, userSteps } from './user-steps.ts'

export type UserAttributes = Parameters<ExecutorOf<'user'>['check']>[0]

/** The tools ask no network; moving a home may take long. */
const TIMEOUT_SECONDS = 300
const LOGGED_IN = 8
const HOME_LEFT = 12

export const userExecutor: ExecutorOf<'user'> = planned<UserAttributes>(
  { type: 'user', reach: 'host', acts: 'until-compliant' },
  (attributes, machine, options) =>
    attributes.state === 'absent'
      ? planAbsent(attributes, machine, options)
      : planPresent(attributes, machine, options),
)

async function planPresent(attributes: UserAttributes, machine: Machine, options: ExecutorOptions): Promise<Plan> {
  refuseBadText(attributes)
  const { users } = await readDatabases(machine)
  const entry = users.get(attributes.username)
  if (entry !== undefined) {
    const steps = await userSteps(attributes, entry, machine, options)
    if (steps.length === 0) return { kind: 'compliant' }
    return {
      kind: 'different',
      changes: reportable(steps.map(step => step.change)),
      carryOut: () => carryOut(attributes, machine, options),
    }
  }
  await requireGroups(attributes, machine, options)
  await requireShell(attributes, machine)
  const told = [change('state', 'absent', 'present')]
  const flags = granted(attributes)
  if (flags !== 'none') told.push(change('swarm', 'none', flags))
  return {
    kind: 'different',
    changes: told,
    carryOut: async () => {
      await create(attributes, machine, options)
      return await carryOut(attributes, machine, options)
    },
  }
}

/** One after the other, each looked at anew: the first may settle the others. */
async function carryOut(attributes: UserAttributes, machine: Machine, options: ExecutorOptions): Promise<Applied> {
  const done = new Set<string>()
  for (;;) {
    const { users } = await readDatabases(machine)
    const entry = users.get(attributes.username)
    if (entry === undefined)
      throw new ExecutorError('failed', `user ${attributes.username} went away while it was changed`)
    const steps = await userSteps(attributes, entry, machine, options)
    const next = steps[0]
    if (next === undefined) return {}
    if (done.has(next.change.attribute)) {
      throw new ExecutorError(
        'failed',
        `${next.change.attribute} of user ${attributes.username} was set and is ${next.change.from} again; something else changes it`,
      )
    }
    done.add(next.change.attribute)
    await next.run()
  }
}

async function create(attributes: UserAttributes, machine: Machine, { signal }: ExecutorOptions): Promise<void> {
  const { username, uid, groups, comment, home, shell, system, manage_home } = attributes
  const budget = new Budget(TIMEOUT_SECONDS, signal)
  const group = await groupForNewUser(attributes, machine, budget)
  const option = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [name, String(value)]
  const args = [
    manage_home && isHomeOfItsOwn(home ?? `/home/${username}`) ? '-m' : '-M',
    ...(system ? ['-r'] : []),
    ...option('-u', uid),
    ...option('-g', group),
    ...option('-G', groups?.length === 0 ? undefined : groups?.join(',')),
    ...option('-c', comment),
    ...option('-d', home),
    ...option('-s', shell),
    // What shadow takes for a bad name is a matter of its settings; the schema says what a name is.
    ...(/^[a-z_][a-z0-9_-]*\$?$/.test(username) ? [] : ['--badname']),
  ]
  await mustInvoke(machine, budget, 'useradd', [...args, '--', username])
}

async function planAbsent(attributes: UserAttributes, machine: Machine, { signal }: ExecutorOptions): Promise<Plan> {
  const { username, manage_home } = attributes
  const { users } = await readDatabases(machine)
  const entry = users.get(username)
  const flags = await readSwarmFlags(machine, username)
  if (entry === undefined && flags === null) return { kind: 'compliant' }
  if (entry?.uid === 0)
    throw new ExecutorError('unsafe', `${username} has uid 0; the administrator's account is not removed`)
  const changes = [
    ...(entry === undefined ? [] : [change('state', `present, uid ${entry.uid}`, 'absent')]),
    ...(flags === null ? [] : [change('swarm', granted(flags), 'none')]),
  ]
  return {
    kind: 'different',
    changes,
    carryOut: async () => {
      // First of all: who is to be nobody here must not publish while the rest is in the way.
      await writeSwarmFlags(machine, username, null)
      return entry === undefined ? {} : remove(username, manage_home && isHomeOfItsOwn(entry.home), machine, signal)
    },
  }
}

async function remove(username: string, withHome: boolean, machine: Machine, signal: AbortSignal): Promise<Applied> {
  const budget = new Budget(TIMEOUT_SECONDS, signal)
  const args = [...(withHome ? ['-r'] : []), '--', username]
  const result = await invoke(machine, budget, 'userdel', args)
  if (result.exitCode === 0) return {}
  const { users } = await readDatabases(machine)
  if (result.exitCode === HOME_LEFT && !users.has(username)) {
    return { note: `user ${username} is removed, its home is not: ${lastWords(result)}` }
  }
  if (result.exitCode === LOGGED_IN) {
    throw new ExecutorError(
      'blocked',
      `user ${username} is logged in or runs programs: ${lastWords(result)}; the next run tries again`,
    )
  }
  throw new ExecutorError('failed', `userdel ${username} ended with ${result.exitCode}: ${lastWords(result)}`)
}

/** Colons and line breaks separate the fields of the account files. */
function refuseBadText({
  username,
  comment,
  home,
  shell,
  group,
  groups,
  authorized_keys,
  password,
}: UserAttributes): void {
  const texts = { comment, home, shell, group, groups: groups?.join('') }
  for (const [name, text] of Object.entries(texts)) {
    if (text !== undefined && /[:\n\r\0]/.test(text)) {
      throw new ExecutorError(
        'failed',
        `${name} of user ${username} holds a colon or line break, which account files cannot`,
      )
    }
  }
  if (groups?.some(each => each === '' || each.startsWith('-') || each.includes(','))) {
    throw new ExecutorError('failed', `groups of user ${username} are not all names of groups`)
  }
  if (group?.startsWith('-') === true) throw new ExecutorError('failed', `'${group}' is no name of a group`)
  if (authorized_keys?.some(key => /[\r\n\0]/.test(key.trim())) === true) {
    throw new ExecutorError(
      'failed',
      `a key in authorized_keys of user ${username} has a line break; each key is one line`,
    )
  }
  if (password !== undefined && /^$|[\n\r\0]/.test(password)) {
    throw new ExecutorError('failed', `password of user ${username} is empty or has a line break`)
  }
}
