import { defineResource } from '../schema.ts'
import { presentOrAbsent } from './attributes.ts'

export const hostSchema = defineResource({
  type: 'host',
  summary: 'An entry of /etc/hosts.',
  main: ['hostname'],
  identity: ['hostname'],
  attributes: [
    {
      name: 'hostname',
      type: { kind: 'string', pattern: /^[A-Za-z0-9_][A-Za-z0-9._-]{0,252}$/, patternMeans: 'a host name' },
      required: true,
      description: 'Name of the entry.',
      aliases: ['host', 'host_name'],
    },
    presentOrAbsent('`absent` removes the entry.'),
    {
      name: 'ip',
      type: {
        kind: 'string',
        pattern: /^[0-9A-Fa-f.:]{2,45}(?:%[A-Za-z0-9]{1,15})?$/,
        patternMeans: 'an IPv4 or IPv6 address',
      },
      description: 'Address of the entry.',
      aliases: ['address', 'ip_address'],
    },
    { name: 'aliases', type: { kind: 'list' }, description: 'Further names.', aliases: ['host_aliases'] },
    { name: 'comment', type: { kind: 'string' }, description: 'Comment behind the entry.' },
  ],
  rules: [{ rule: 'required-in', states: ['present'], attributes: ['ip'] }],
  label: a =>
    a('state') === 'absent'
      ? `Remove host ${a('hostname') ?? ''}`
      : `Resolve ${a('hostname') ?? ''} to ${a('ip') ?? ''}`,
})
