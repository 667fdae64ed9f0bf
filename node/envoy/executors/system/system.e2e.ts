import { testsInside } from '../../machines/tests-inside.ts'

const PACKAGES = [
  'apt-utils',
  'createrepo-c',
  'dnf',
  'dnf-plugins-core',
  'gpg',
  'gpg-agent',
  'iproute2',
  'make',
  'nftables',
  'pacman-package-manager',
  'rpm',
]

testsInside('executors of the system keep what they promise on a machine that systemd runs', ['executors/system/'], {
  packages: PACKAGES,
})
