import { defineResource } from '../schema.ts'
import { group, owner, presentOrAbsent, targetPath } from './attributes.ts'

export const directorySchema = defineResource({
  type: 'directory',
  summary: 'A directory, made with its parents.',
  main: ['target_path'],
  identity: ['target_path'],
  attributes: [
    targetPath('The directory.'),
    presentOrAbsent('`absent` removes the directory and everything in it.'),
    { ...owner, default: 'root' },
    { ...group, default: 'root' },
    { name: 'mode', type: { kind: 'mode' }, default: '0755', description: 'Permission bits.' },
    {
      name: 'recurse',
      type: { kind: 'boolean' },
      default: false,
      description: 'Owner and group hold for everything in the directory too.',
    },
  ],
  rules: [],
  label: a => `${a('state') === 'absent' ? 'Remove' : 'Create'} directory ${a('target_path') ?? ''}`,
})
