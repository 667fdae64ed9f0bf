import type { Executor } from '../executor.ts'
import { groupExecutor } from './account/group.ts'
import { sshkeyExecutor } from './account/sshkey.ts'
import { userExecutor } from './account/user.ts'
import { firewallExecutor } from './firewall/firewall.ts'
import { mountExecutor } from './mount/mount.ts'
import { nonrepoPackageExecutor } from './package/nonrepo-package.ts'
import { packageExecutor } from './package/package.ts'
import { sourcePackageExecutor } from './package/source-package.ts'
import { rebootExecutor } from './reboot.ts'
import { repositoryExecutor } from './repository/repository.ts'
import { serviceExecutor } from './service/service.ts'
import { stopping } from './stopping.ts'

export { forgetUnits, prefetchUnits } from './service/systemd.ts'

/** The executors of what an operating system keeps for all: packages, services, accounts, mounts, the packet filter, restarts. */
export const systemExecutors: readonly Executor[] = [
  packageExecutor,
  nonrepoPackageExecutor,
  sourcePackageExecutor,
  repositoryExecutor,
  serviceExecutor,
  userExecutor,
  groupExecutor,
  sshkeyExecutor,
  mountExecutor,
  firewallExecutor,
  rebootExecutor,
].map(stopping)
