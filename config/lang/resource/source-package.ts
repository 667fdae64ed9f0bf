import { defineResource } from '../schema.ts'
import { presentOrAbsent, sha256, timeout } from './attributes.ts'
import { lastPart } from './label.ts'

export const sourcePackageSchema = defineResource({
  type: 'source_package',
  summary: 'Software that is built on the machine from a source archive.',
  main: ['package', 'url', 'artifact'],
  identity: ['package'],
  attributes: [
    {
      name: 'package',
      type: {
        kind: 'string',
        pattern: /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/,
        patternMeans: 'letters, digits, dots, dashes, plus signs and underscores',
      },
      description: 'Name of the software; derived from the archive otherwise.',
    },
    presentOrAbsent('`absent` runs `uninstall_command`.'),
    { name: 'url', type: { kind: 'url' }, description: 'Where the archive is fetched from.' },
    { name: 'artifact', type: { kind: 'artifact' }, description: 'The archive as an artifact.' },
    sha256,
    { name: 'version', type: { kind: 'string' }, description: 'Version; another one is built again.' },
    {
      name: 'creates',
      type: { kind: 'path' },
      description: 'A file of the installed software; while it is missing the software is built.',
    },
    { name: 'prefix', type: { kind: 'path' }, default: '/usr/local', description: 'Where it is installed to.' },
    {
      name: 'configure_command',
      type: { kind: 'text' },
      default: './configure --prefix={prefix}',
      description: 'First step.',
    },
    { name: 'build_command', type: { kind: 'text' }, default: 'make', description: 'Second step.' },
    { name: 'install_command', type: { kind: 'text' }, default: 'make install', description: 'Third step.' },
    { name: 'uninstall_command', type: { kind: 'text' }, default: 'make uninstall', description: 'Removes it.' },
    timeout(1800),
  ],
  rules: [
    { rule: 'one-of', attributes: ['url', 'artifact'], required: true },
    { rule: 'not-with', attribute: 'sha256', other: 'artifact' },
  ],
  label: a =>
    `${a('state') === 'absent' ? 'Remove' : 'Build and install'} ${a('package') ?? lastPart(a('url') ?? a('artifact') ?? 'software')}`,
  probedUrls: ['url'],
})
