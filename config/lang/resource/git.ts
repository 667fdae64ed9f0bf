import { defineResource } from '../schema.ts'
import { group, owner, presentOrAbsent, timeout } from './attributes.ts'

export const gitSchema = defineResource({
  type: 'git',
  summary: 'A clone of a git repository at the head of its branch.',
  main: ['path'],
  identity: ['path'],
  attributes: [
    {
      name: 'path',
      type: { kind: 'path' },
      required: true,
      description: 'Directory of the clone.',
      aliases: ['target_path', 'targetpath'],
    },
    presentOrAbsent('`absent` removes the clone.'),
    {
      name: 'repo',
      type: {
        kind: 'string',
        pattern: /^(?:[a-z][a-z0-9+.-]*:\/\/|\/|[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:)\S+$/,
        patternMeans: 'a URL, user@host:path or an absolute path',
      },
      required: true,
      description: 'Where it is cloned from.',
      aliases: ['url'],
    },
    {
      name: 'branch',
      type: { kind: 'string' },
      description: 'Branch or tag; the default branch of the source otherwise.',
      aliases: ['ref'],
    },
    { name: 'depth', type: { kind: 'integer', min: 1 }, description: 'Only so many commits.' },
    {
      name: 'force',
      type: { kind: 'boolean' },
      default: false,
      description: 'Throws away local changes that are in the way.',
    },
    owner,
    group,
    timeout(300),
  ],
  rules: [],
  label: a =>
    a('state') === 'absent'
      ? `Remove clone ${a('path') ?? ''}`
      : `Clone ${a('repo') ?? ''}${a('branch') === undefined ? '' : ` (${a('branch')})`} to ${a('path') ?? ''}`,
  probedUrls: ['repo'],
})
