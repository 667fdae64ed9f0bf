import { defineResource } from '../schema.ts'
import { presentOrAbsent } from './attributes.ts'

export const groupSchema = defineResource({
  type: 'group',
  summary: 'A group of users.',
  main: ['groupname'],
  identity: ['groupname'],
  attributes: [
    {
      name: 'groupname',
      type: { kind: 'string', pattern: /^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/, patternMeans: 'a group name' },
      required: true,
      description: 'Name of the group.',
      aliases: ['group', 'group_name'],
    },
    presentOrAbsent('`absent` removes the group.'),
    { name: 'gid', type: { kind: 'integer', min: 0, max: 4_294_967_294 }, description: 'Number of the group.' },
    { name: 'members', type: { kind: 'list' }, description: 'Its members, all of them; left alone when not given.' },
    { name: 'system', type: { kind: 'boolean' }, default: false, description: 'A system group.' },
  ],
  rules: [],
  label: a => `${a('state') === 'absent' ? 'Remove' : 'Manage'} group ${a('groupname') ?? ''}`,
})
