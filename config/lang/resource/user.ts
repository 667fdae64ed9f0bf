import { defineResource } from '../schema.ts'
import { presentOrAbsent } from './attributes.ts'

export const userSchema = defineResource({
  type: 'user',
  summary: 'A user account, and what its owner may do in the swarm.',
  main: ['username'],
  identity: ['username'],
  attributes: [
    {
      name: 'username',
      type: { kind: 'string', pattern: /^[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?$/, patternMeans: 'a user name' },
      required: true,
      description: 'Login name.',
      aliases: ['user', 'user_name'],
    },
    presentOrAbsent('`absent` removes the account, and its home where `manage_home` holds.'),
    { name: 'uid', type: { kind: 'integer', min: 0, max: 4_294_967_294 }, description: 'Number of the user.' },
    { name: 'group', type: { kind: 'string' }, description: 'Primary group.' },
    { name: 'gid', type: { kind: 'integer', min: 0, max: 4_294_967_294 }, description: 'Number of the primary group.' },
    { name: 'groups', type: { kind: 'list' }, description: 'Further groups.' },
    { name: 'comment', type: { kind: 'string' }, description: 'Full name.' },
    { name: 'home', type: { kind: 'path' }, description: 'Home directory.' },
    { name: 'shell', type: { kind: 'path' }, description: 'Login shell.' },
    {
      name: 'password',
      type: { kind: 'string' },
      sensitive: true,
      description: 'Password, best a `secret:` reference; hashed on the machine, changed only when it differs.',
    },
    {
      name: 'password_max_age',
      type: { kind: 'integer', min: -1, max: 99_999 },
      description: 'Days until the password must change; -1 for never.',
    },
    {
      name: 'authorized_keys',
      type: { kind: 'list', separator: '\n' },
      description: 'SSH keys that may log in; the whole file.',
    },
    { name: 'system', type: { kind: 'boolean' }, default: false, description: 'A system account.' },
    {
      name: 'manage_home',
      type: { kind: 'boolean' },
      default: true,
      description: 'Makes and removes the home directory.',
    },
    {
      name: 'puddle',
      type: { kind: 'boolean' },
      default: false,
      description: 'May have a puddle, and with it a lockbox.',
    },
    { name: 'gitback', type: { kind: 'boolean' }, default: false, description: 'May found and join projects.' },
    { name: 'curator', type: { kind: 'boolean' }, default: false, description: 'May publish artifacts.' },
    { name: 'poolq', type: { kind: 'boolean' }, default: false, description: 'May post messages.' },
  ],
  rules: [
    { rule: 'needs', attribute: 'gitback', other: 'puddle' },
    { rule: 'needs', attribute: 'curator', other: 'puddle' },
    { rule: 'needs', attribute: 'poolq', other: 'puddle' },
  ],
  label: a => `${a('state') === 'absent' ? 'Remove' : 'Manage'} user ${a('username') ?? ''}`,
})
