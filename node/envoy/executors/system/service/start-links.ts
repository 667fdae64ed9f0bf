import { readdir } from 'node:fs/promises'
import type { Machine } from '../../machine.ts'

const RUNLEVELS = ['2', '3', '4', '5']

/** Whether a script of /etc/init.d starts in one of the runlevels with several users. */
export async function hasStartLinks(machine: Machine, service: string): Promise<boolean> {
  const lists = await Promise.all(
    RUNLEVELS.flatMap(level => [`/etc/rc${level}.d`, `/etc/rc.d/rc${level}.d`]).map(folder =>
      readdir(machine.path(folder)).catch(() => []),
    ),
  )
  return lists.flat().some(name => /^S\d\d/.test(name) && name.slice(3) === service)
}
