import { defineResource } from '../schema.ts'
import { sha256, state, timeout } from './attributes.ts'
import { lastPart } from './label.ts'

export const nonrepoPackageSchema = defineResource({
  type: 'nonrepo_package',
  summary: 'A package file (.deb, .rpm, .pkg, .msi) that no repository of the machine has.',
  main: ['package', 'url', 'artifact'],
  attributes: [
    { name: 'package', type: { kind: 'string' }, description: 'Name of the package; read from the file otherwise.' },
    state(['present', 'latest', 'absent'], 'present', '`latest` also replaces an older version, `absent` removes.'),
    { name: 'url', type: { kind: 'url' }, description: 'Where the file is fetched from.' },
    { name: 'artifact', type: { kind: 'artifact' }, description: 'The file as an artifact.' },
    { ...sha256, description: 'What the downloaded bytes must hash to; an artifact carries its own.' },
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
      description: 'Holds the package at its version against upgrades by others.',
    },
    timeout(600),
  ],
  rules: [
    { rule: 'one-of', attributes: ['url', 'artifact'], required: true, exceptIn: ['absent'] },
    { rule: 'required-in', states: ['absent'], attributes: ['package'] },
    { rule: 'not-with', attribute: 'sha256', other: 'artifact' },
  ],
  label: a => {
    const what = a('package') ?? lastPart(a('url') ?? a('artifact') ?? 'package')
    return a('state') === 'absent'
      ? `Remove ${what}`
      : `Install ${what} from ${a('artifact') === undefined ? 'its file' : 'its artifact'}`
  },
})
