import { stat } from 'node:fs/promises'
import { change } from '../../change.ts'
import type { ExecutorOptions } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { Budget } from '../budget.ts'
import { mustInvoke } from '../invoke.ts'
import type { Step } from '../step.ts'
import { keyFileSteps } from './authorized-keys.ts'
import { readDatabases, type UserEntry } from './databases.ts'
import { hasHash } from './password.ts'
import { sha512Crypt } from './sha512-crypt.ts'
import { granted, readSwarmFlags, writeSwarmFlags } from './swarm-flags.ts'
import type { UserAttributes } from './user.ts'
import { makeGroup, primaryGid, requireGroups, requireShell } from './user-groups.ts'

const TIMEOUT_SECONDS = 300
/** What the home of nobody, or of everybody, is: neither made nor removed. */
const NO_HOMES = /^\/(?:nonexistent|dev|proc|sys|run|bin|sbin|usr|etc|boot|lib|tmp|root)?(?:\/null)?$/

export function isHomeOfItsOwn(home: string): boolean {
  return !NO_HOMES.test(home)
}

/** What differs of an account that exists, in the order in which it is put right. @throws ExecutorError, MissingYet */
export async function userSteps(
  attributes: UserAttributes,
  entry: UserEntry,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Step[]> {
  const budget = new Budget(TIMEOUT_SECONDS, options.signal)
  const modify = async (...args: readonly string[]) => {
    await mustInvoke(machine, budget, 'usermod', [...args, '--', entry.name])
  }
  return [
    ...numberSteps(attributes, entry, modify),
    ...(await groupSteps(attributes, entry, machine, budget, modify)),
    ...(await fieldSteps(attributes, entry, machine, modify)),
    ...(await homeSteps(attributes, entry, machine, budget, modify)),
    ...(await passwordSteps(attributes, entry, machine, budget)),
    ...(await keySteps(attributes, entry, machine, options)),
    ...(await flagSteps(attributes, machine)),
  ]
}

type Modify = (...args: readonly string[]) => Promise<void>

function numberSteps({ uid }: UserAttributes, entry: UserEntry, modify: Modify): Step[] {
  if (uid === undefined || uid === entry.uid) return []
  return [{ change: change('uid', String(entry.uid), String(uid)), run: () => modify('-u', String(uid)) }]
}

async function groupSteps(
  attributes: UserAttributes,
  entry: UserEntry,
  machine: Machine,
  budget: Budget,
  modify: Modify,
): Promise<Step[]> {
  await requireGroups(attributes, machine, budget)
  const steps: Step[] = []
  const gid = await primaryGid(attributes, machine, budget)
  if (gid !== undefined && gid !== entry.gid) {
    const wanted = String(gid ?? attributes.gid)
    steps.push({
      change: change('group', await machine.accounts.groupName(entry.gid), attributes.group ?? wanted),
      run: async () => {
        if (gid === null) await makeGroup(attributes, machine, budget)
        await modify('-g', wanted)
      },
    })
  }
  if (attributes.groups === undefined) return steps
  const { groups } = await readDatabases(machine)
  const primary = gid ?? entry.gid
  const others = [...groups.values()].filter(each => each.gid !== primary)
  const current = others.filter(each => each.members.includes(entry.name)).map(each => each.name)
  const wanted = [...new Set(attributes.groups)].filter(name => groups.get(name)?.gid !== primary)
  const [from, to] = [current.sort().join(','), wanted.sort().join(',')]
  if (from !== to) steps.push({ change: change('groups', from, to), run: () => modify('-G', to) })
  return steps
}

async function fieldSteps(
  attributes: UserAttributes,
  entry: UserEntry,
  machine: Machine,
  modify: Modify,
): Promise<Step[]> {
  const { comment, shell } = attributes
  const steps: Step[] = []
  if (comment !== undefined && comment !== entry.comment && `${comment},,,` !== entry.comment) {
    steps.push({ change: change('comment', entry.comment, comment), run: () => modify('-c', comment) })
  }
  if (shell !== undefined && shell !== entry.shell) {
    await requireShell(attributes, machine)
    steps.push({ change: change('shell', entry.shell, shell), run: () => modify('-s', shell) })
  }
  return steps
}

async function homeSteps(
  { home, manage_home }: UserAttributes,
  entry: UserEntry,
  machine: Machine,
  budget: Budget,
  modify: Modify,
): Promise<Step[]> {
  const wanted = home ?? entry.home
  const isThere = await exists(machine.path(wanted))
  if (wanted !== entry.home) {
    const moves = manage_home && !isThere && (await exists(machine.path(entry.home))) && isHomeOfItsOwn(entry.home)
    const run = () => modify('-d', wanted, ...(moves ? ['-m'] : []))
    return [{ change: change('home', entry.home, wanted), run }]
  }
  if (!manage_home || isThere || !isHomeOfItsOwn(wanted)) return []
  return [{ change: change('home', 'missing', 'present'), run: () => makeHome(entry, machine, budget) }]
}

/** With the beginnings that every new home gets. */
async function makeHome({ uid, gid, home }: UserEntry, machine: Machine, budget: Budget): Promise<void> {
  const path = machine.path(home)
  const skeleton = machine.path('/etc/skel')
  await mustInvoke(machine, budget, 'mkdir', ['-p', '--', path])
  if (await exists(skeleton)) await mustInvoke(machine, budget, 'cp', ['-R', '--', `${skeleton}/.`, `${path}/`])
  await mustInvoke(machine, budget, 'chown', ['-R', `${uid}:${gid}`, '--', path])
  await mustInvoke(machine, budget, 'chmod', ['0750', '--', path])
}

async function passwordSteps(
  { password, password_max_age }: UserAttributes,
  entry: UserEntry,
  machine: Machine,
  budget: Budget,
): Promise<Step[]> {
  const { passwords } = await readDatabases(machine)
  const shadow = passwords.get(entry.name)
  const steps: Step[] = []
  if (password !== undefined && !hasHash(password, shadow?.hash ?? '')) {
    steps.push({
      change: change('password', 'differs', 'set'),
      run: async () => {
        await mustInvoke(machine, budget, 'chpasswd', ['-e'], { stdin: `${entry.name}:${sha512Crypt(password)}\n` })
      },
    })
  }
  const age = shadow?.maxAgeDays ?? -1
  if (password_max_age !== undefined && normalAge(password_max_age) !== age) {
    steps.push({
      change: change('password_max_age', String(age), String(password_max_age)),
      run: async () => {
        await mustInvoke(machine, budget, 'chage', ['-M', String(password_max_age), '--', entry.name])
      },
    })
  }
  return steps
}

/** The highest number means never too. */
function normalAge(days: number): number {
  return days >= 99_999 ? -1 : days
}

async function keySteps(
  { authorized_keys, home, manage_home }: UserAttributes,
  { name, gid, home: current }: UserEntry,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Step[]> {
  if (authorized_keys === undefined) return []
  const place = home ?? current
  const keys = authorized_keys.map(key => key.trim()).filter(key => key !== '')
  const contents = ['# Managed by Vigo: changes are put right again.', ...keys, ''].join('\n')
  if (!(await exists(machine.path(place))) && manage_home) {
    const told = change('authorized_keys', 'missing', `${keys.length} keys`)
    return [
      {
        change: told,
        run: async () => void (await keyFileSteps(contents, { name, gid, home: place }, machine, options)),
      },
    ]
  }
  return keyFileSteps(contents, { name, gid, home: place }, machine, options)
}

async function flagSteps(attributes: UserAttributes, machine: Machine): Promise<Step[]> {
  const is = granted(await readSwarmFlags(machine, attributes.username))
  const should = granted(attributes)
  if (is === should) return []
  return [{ change: change('swarm', is, should), run: () => writeSwarmFlags(machine, attributes.username, attributes) }]
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
