import { defineResource } from '../schema.ts'
import { presentOrAbsent } from './attributes.ts'

export const sshkeySchema = defineResource({
  type: 'sshkey',
  summary: "One key of a user's authorized_keys.",
  main: ['user'],
  identity: ['user', 'key'],
  attributes: [
    {
      name: 'user',
      type: { kind: 'string' },
      required: true,
      description: 'Whose key it is.',
      aliases: ['username'],
    },
    presentOrAbsent('`absent` removes the key.'),
    {
      name: 'key',
      type: { kind: 'string' },
      required: true,
      description: 'The key: the whole line of a `.pub` file, or its middle part with `key_type`.',
    },
    {
      name: 'key_type',
      type: {
        kind: 'enum',
        values: [
          'ssh-ed25519',
          'ssh-rsa',
          'ecdsa-sha2-nistp256',
          'ecdsa-sha2-nistp384',
          'ecdsa-sha2-nistp521',
          'sk-ssh-ed25519@openssh.com',
          'sk-ecdsa-sha2-nistp256@openssh.com',
        ],
      },
      description: 'Algorithm, when `key` does not name it.',
    },
    { name: 'comment', type: { kind: 'string' }, description: 'Comment behind the key.' },
    { name: 'options', type: { kind: 'string' }, description: 'Options before the key: `from="10.0.0.0/8",no-pty`.' },
    {
      name: 'target_path',
      type: { kind: 'path' },
      description: 'The file; `.ssh/authorized_keys` in the home otherwise.',
      aliases: ['targetpath', 'path'],
    },
  ],
  rules: [],
  label: a =>
    a('state') === 'absent'
      ? `Revoke an SSH key of ${a('user') ?? 'user'}`
      : `Authorise an SSH key for ${a('user') ?? 'user'}`,
})
