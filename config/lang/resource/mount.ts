import { defineResource } from '../schema.ts'
import { state, timeout } from './attributes.ts'

export const mountSchema = defineResource({
  type: 'mount',
  summary: 'A file system in /etc/fstab and in its place.',
  main: ['path'],
  identity: ['path'],
  attributes: [
    {
      name: 'path',
      type: { kind: 'path' },
      required: true,
      description: 'Mount point.',
      aliases: ['mountpoint', 'target_path', 'targetpath'],
    },
    state(
      ['mounted', 'present', 'unmounted', 'absent'],
      'mounted',
      '`present` is an fstab entry only, `unmounted` keeps the entry, `absent` removes it and unmounts.',
    ),
    { name: 'device', type: { kind: 'string' }, description: 'Device, UUID, label or remote source.' },
    { name: 'fstype', type: { kind: 'string' }, description: 'Type of the file system.' },
    { name: 'options', type: { kind: 'string' }, default: 'defaults', description: 'Mount options.' },
    { name: 'dump', type: { kind: 'integer', min: 0, max: 2 }, default: 0, description: 'Fifth field of fstab.' },
    { name: 'pass', type: { kind: 'integer', min: 0, max: 2 }, default: 0, description: 'Sixth field of fstab.' },
    timeout(120),
  ],
  rules: [{ rule: 'required-in', states: ['mounted', 'present'], attributes: ['device', 'fstype'] }],
  label: a => {
    const path = a('path') ?? ''
    if (a('state') === 'absent') return `Remove mount ${path}`
    return a('state') === 'unmounted' ? `Keep ${path} unmounted` : `Mount ${a('device') ?? ''} on ${path}`
  },
})
