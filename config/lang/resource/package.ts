import { defineResource } from '../schema.ts'
import { state, timeout } from './attributes.ts'

export const packageSchema = defineResource({
  type: 'package',
  summary: 'Packages of the system: apt, dnf, yum, apk, pacman, zypper, brew or pkg, whichever the machine has.',
  main: ['package'],
  attributes: [
    {
      name: 'package',
      type: { kind: 'list' },
      required: true,
      description: 'Name, or several; `*` with `state: latest` is every package of the machine.',
      aliases: ['packages'],
    },
    state(['present', 'latest', 'absent'], 'present', '`latest` also upgrades, `absent` removes.'),
    { name: 'version', type: { kind: 'string' }, description: 'Exactly this version.' },
    {
      name: 'allow_downgrade',
      type: { kind: 'boolean' },
      default: false,
      description: 'An older `version` replaces a newer one.',
    },
    {
      name: 'lock_version',
      type: { kind: 'boolean' },
      default: false,
      description: 'Holds the package at `version` against upgrades by others.',
    },
    { name: 'purge', type: { kind: 'boolean' }, default: false, description: 'Removes configuration files too.' },
    {
      name: 'update_cache',
      type: { kind: 'boolean' },
      default: false,
      description: 'Reads the indexes of the repositories first.',
    },
    {
      name: 'post_cleanup',
      type: { kind: 'boolean' },
      default: false,
      description:
        'Removes packages that nothing needs and downloaded files afterwards; its failure is not one of the resource.',
    },
    { name: 'flags', type: { kind: 'string' }, description: 'Further options for the package manager.' },
    timeout(600),
  ],
  rules: [
    { rule: 'needs', attribute: 'lock_version', other: 'version' },
    { rule: 'needs', attribute: 'allow_downgrade', other: 'version' },
  ],
  label: a => {
    const names = (a('package') ?? '').split(',').map(name => name.trim())
    if (names.includes('*')) return 'Upgrade all packages'
    const what = `${names.join(', ')} package${names.length > 1 ? 's' : ''}`
    if (a('state') === 'absent') return `Remove ${what}`
    return a('state') === 'latest' ? `Keep ${what} at the latest version` : `Install ${what}`
  },
})
