import { stat } from 'node:fs/promises'
import { posix } from 'node:path'
import { change } from '../../change.ts'
import type { ExecutorOptions } from '../../executor.ts'
import { directoryExecutor } from '../../files/directory.ts'
import { planFile } from '../../files/plan-file.ts'
import type { Machine } from '../../machine.ts'
import { MissingYet, type Plan } from '../../planned.ts'
import type { Step } from '../step.ts'

export interface KeyFileOwner {
  readonly name: string
  readonly gid: number
  readonly home: string
}

export function keyFileOf(home: string): string {
  return posix.join(home, '.ssh/authorized_keys')
}

/**
 * What differs from a key file in a home with these contents, which sshd accepts: only its owner can write the file or its folder. The
 * home belongs to the user, so neither is reached through links.
 */
export async function keyFileSteps(
  contents: string,
  owner: KeyFileOwner,
  machine: Machine,
  options: ExecutorOptions,
): Promise<Step[]> {
  await requireHome(owner, machine)
  const path = keyFileOf(owner.home)
  const ownership = { owner: owner.name, group: String(owner.gid) }
  const folder = {
    target_path: posix.dirname(path),
    mode: '0700',
    ...ownership,
    state: 'present',
    recurse: false,
  } as const
  const found = await directoryExecutor.check(folder, machine, options)
  const steps: Step[] = []
  if (found.kind === 'different') {
    steps.push({
      change: change('.ssh', 'missing or not safe', 'mode 0700'),
      run: async () => {
        await directoryExecutor.apply(folder, found, machine, options)
      },
    })
  }
  const file = { path, contents: Buffer.from(contents), mode: '0600', ...ownership }
  const isMissing = found.kind === 'different' && found.changes.some(each => each.attribute === 'state')
  const plan: Plan | null = isMissing ? null : await planFile(file, machine, options)
  if (plan?.kind !== 'compliant') {
    const said = plan?.kind === 'different' ? plan.changes.map(each => each.attribute).join(', ') : 'missing'
    steps.push({
      change: change('authorized_keys', `differs: ${said}`, count(contents)),
      run: async () => {
        const now = await planFile(file, machine, options)
        if (now.kind === 'different') await now.carryOut()
      },
    })
  }
  return steps
}

/** @throws MissingYet */
async function requireHome({ name, home }: KeyFileOwner, machine: Machine): Promise<void> {
  const isThere = await stat(machine.path(home)).then(
    found => found.isDirectory(),
    () => false,
  )
  if (!isThere) throw new MissingYet(`user ${name} has no home ${home} to keep SSH keys in; declare it before the keys`)
}

function count(contents: string): string {
  const keys = contents.split('\n').filter(line => line !== '' && !line.startsWith('#')).length
  return keys === 1 ? '1 key' : `${keys} keys`
}
