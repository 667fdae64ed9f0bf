import { testsInside } from '../../machines/tests-inside.ts'

const TOOLS = ['apt-utils', 'createrepo-c', 'gpg', 'gpg-agent', 'rpm']
const MANY = [...TOOLS, 'dnf', 'dnf-plugins-core', 'iproute2', 'make', 'nftables', 'pacman-package-manager']
const FOLDER = 'executors/system'

testsInside('packages of apt, dnf and pacman, repositories, package files and sources', [`${FOLDER}/package/`], {
  packages: MANY,
  except: ['zypper.inside.ts'],
})

testsInside(
  'services of systemd, restarts, mounts and the packet filter',
  [`${FOLDER}/service/service.inside.ts`, `${FOLDER}/reboot.inside.ts`, `${FOLDER}/mount/`, `${FOLDER}/firewall/`],
  { packages: MANY },
)

testsInside('users, groups and SSH keys', [`${FOLDER}/account/`], { packages: MANY })

testsInside('services of SysV scripts', [`${FOLDER}/service/sysv.inside.ts`], { packages: MANY, init: 'none' })

// zypper and the plugins of dnf exclude each other.
testsInside('packages of zypper', [`${FOLDER}/package/rpm/zypper.inside.ts`], {
  packages: ['createrepo-c', 'rpm', 'zypper'],
})
