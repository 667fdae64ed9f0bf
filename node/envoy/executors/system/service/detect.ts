import { access } from 'node:fs/promises'
import { ExecutorError } from '../../errors.ts'
import type { Machine } from '../../machine.ts'
import type { ServiceProvider } from './provider.ts'
import { openrc, sysv } from './scripts.ts'
import { systemd } from './systemd.ts'

/** What exists only while that init system runs the machine, not when it is merely installed. */
const signs: readonly (readonly [ServiceProvider, string])[] = [
  [systemd, '/run/systemd/system'],
  [openrc, '/run/openrc'],
  [sysv, '/etc/init.d'],
]

/** The init system that runs the machine. @throws ExecutorError 'blocked' */
export async function serviceProvider(machine: Machine): Promise<ServiceProvider> {
  for (const [provider, sign] of signs) {
    const isThere = await access(machine.path(sign)).then(
      () => true,
      () => false,
    )
    if (isThere) return provider
  }
  throw new ExecutorError('blocked', 'this machine is run by none of systemd, OpenRC and SysV init scripts')
}
