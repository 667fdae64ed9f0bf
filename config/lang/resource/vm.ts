import { defineResource } from '../schema.ts'
import { state, timeout } from './attributes.ts'

export const vmSchema = defineResource({
  type: 'vm',
  summary: 'A libvirt virtual machine on a qcow2 overlay over a base disk. Only where `host_is_libvirt` holds.',
  main: ['vm_name'],
  identity: ['vm_name'],
  attributes: [
    {
      name: 'vm_name',
      type: {
        kind: 'string',
        pattern: /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}$/,
        patternMeans: 'letters, digits, dots, dashes, plus signs and underscores',
      },
      required: true,
      description: 'Name of the libvirt domain.',
    },
    state(
      ['running', 'stopped', 'defined', 'absent'],
      'running',
      '`stopped` is powered off, `defined` leaves the power alone, `absent` removes domain, overlay and seed but not the base disk.',
    ),
    { name: 'memory_mib', type: { kind: 'integer', min: 1, max: 67_108_864 }, description: 'Memory in MiB.' },
    { name: 'vcpu', type: { kind: 'integer', min: 1, max: 4096 }, description: 'Number of virtual CPUs.' },
    {
      name: 'disk_path',
      type: {
        kind: 'string',
        pattern: /^(?:\/|[A-Za-z0-9][A-Za-z0-9._-]*:)\S/,
        patternMeans: 'an absolute path or <pool>:<volume>',
      },
      description: 'Base disk on the machine: a qcow2 or raw file, or `pool:volume`.',
    },
    { name: 'artifact', type: { kind: 'artifact' }, description: 'Base disk as an artifact of kind generic.' },
    {
      name: 'disk_size_gib',
      type: { kind: 'integer', min: 1, max: 1_048_576 },
      description: "Size of the overlay in GiB; the base disk's otherwise.",
    },
    {
      name: 'network_bridge',
      type: { kind: 'string', pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/, patternMeans: 'the name of a bridge' },
      description: 'Bridge of its one network card; none otherwise.',
    },
    {
      name: 'cloud_init_user_data',
      type: { kind: 'text' },
      description: 'NoCloud user data; a change of it builds the machine again.',
    },
    timeout(600),
  ],
  rules: [
    { rule: 'required-in', states: ['running', 'stopped', 'defined'], attributes: ['memory_mib', 'vcpu'] },
    { rule: 'one-of', attributes: ['disk_path', 'artifact'], required: true, exceptIn: ['absent'] },
  ],
  label: a => {
    const vm = `virtual machine ${a('vm_name') ?? ''}`
    const state = a('state') ?? 'running'
    if (state === 'absent') return `Remove ${vm}`
    return state === 'defined' ? `Define ${vm}` : `Ensure ${vm} is ${state}`
  },
})
