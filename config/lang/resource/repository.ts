import { defineResource } from '../schema.ts'
import { presentOrAbsent, timeout } from './attributes.ts'

export const repositorySchema = defineResource({
  type: 'repository',
  summary: 'A package repository that the machine installs from, with the key that signs it.',
  main: ['repository'],
  identity: ['repository'],
  attributes: [
    {
      name: 'repository',
      type: {
        kind: 'string',
        pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
        patternMeans: 'letters, digits, dots, dashes and underscores',
      },
      required: true,
      description: "Name, of the source's file too.",
    },
    presentOrAbsent('`absent` removes the source and its key.'),
    {
      name: 'repo',
      type: { kind: 'text' },
      required: true,
      description: 'An apt line, a base URL, or a whole INI section.',
    },
    { name: 'key_url', type: { kind: 'url' }, description: 'Where the signing key is fetched from.' },
    {
      name: 'key_fingerprint',
      type: { kind: 'string', pattern: /^(?:[0-9A-Fa-f] ?){40,64}$/, patternMeans: '40 to 64 hexadecimal digits' },
      description: 'Fingerprint of the key; another key is refused.',
    },
    {
      name: 'enabled',
      type: { kind: 'boolean' },
      default: true,
      description: 'With false the source is written but not used.',
    },
    {
      name: 'format',
      type: { kind: 'enum', values: ['auto', 'list', 'deb822'] },
      default: 'auto',
      description: "Form of apt's source file.",
    },
    timeout(120),
  ],
  rules: [],
  label: a => `${a('state') === 'absent' ? 'Remove' : 'Add'} package repository ${a('repository') ?? ''}`,
  probedUrls: ['key_url'],
})
