import { change } from '../../change.ts'
import { ExecutorError } from '../../errors.ts'
import type { ExecutorOf, ExecutorOptions } from '../../executor.ts'
import type { Machine } from '../../machine.ts'
import { MissingYet, planned } from '../../planned.ts'
import { Budget } from '../budget.ts'
import { mustInvoke } from '../invoke.ts'
import { planOfSteps, type Step } from '../step.ts'
import { type GroupEntry, readDatabases } from './databases.ts'

type GroupAttributes = Parameters<ExecutorOf<'group'>['check']>[0]

const TIMEOUT_SECONDS = 60

export const groupExecutor: ExecutorOf<'group'> = planned<GroupAttributes>(
  { type: 'group', reach: 'host', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    const { groups } = await readDatabases(machine)
    const steps = await stepsOf(attributes, groups.get(attributes.groupname), machine, options)
    return planOfSteps(steps)
  },
)

async function stepsOf(
  attributes: GroupAttributes,
  entry: GroupEntry | undefined,
  machine: Machine,
  { signal }: ExecutorOptions,
): Promise<Step[]> {
  const { groupname, gid, system, state } = attributes
  const budget = new Budget(TIMEOUT_SECONDS, signal)
  const run =
    (program: string, ...args: readonly string[]) =>
    async () => {
      await mustInvoke(machine, budget, program, [...args, groupname])
    }
  if (state === 'absent') {
    if (entry === undefined) return []
    if (entry.gid === 0)
      throw new ExecutorError('unsafe', `${groupname} has gid 0; the administrator's group is not removed`)
    return [{ change: change('state', `present, gid ${entry.gid}`, 'absent'), run: run('groupdel', '--') }]
  }
  const number = gid === undefined ? [] : ['-g', String(gid)]
  const steps: Step[] = []
  if (entry === undefined) {
    const args = [...(system ? ['-r'] : []), ...number, '--']
    steps.push({ change: change('state', 'absent', 'present'), run: run('groupadd', ...args) })
  } else if (gid !== undefined && gid !== entry.gid) {
    steps.push({ change: change('gid', String(entry.gid), String(gid)), run: run('groupmod', ...number, '--') })
  }
  const members = await wantedMembers(attributes, machine)
  const [from, to] = [sorted(entry?.members ?? []), sorted(members ?? [])]
  if (members !== undefined && from !== to) {
    steps.push({ change: change('members', from, to), run: run('gpasswd', '-M', to) })
  }
  return steps
}

/** @throws MissingYet for one who does not exist, whom the tools would refuse */
async function wantedMembers(
  { groupname, members }: GroupAttributes,
  machine: Machine,
): Promise<readonly string[] | undefined> {
  if (members === undefined) return undefined
  const { users } = await readDatabases(machine)
  const missing = members.filter(name => !users.has(name))
  if (missing.length === 0) return members
  throw new MissingYet(
    `this machine has no user '${missing.join("', '")}'; declare it as a resource that group ${groupname} depends on`,
  )
}

function sorted(names: readonly string[]): string {
  return [...new Set(names)].sort().join(',')
}
