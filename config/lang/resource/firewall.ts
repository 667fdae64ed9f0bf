import { defineResource } from '../schema.ts'
import { presentOrAbsent } from './attributes.ts'

export const firewallSchema = defineResource({
  type: 'firewall',
  summary: "A rule of the machine's packet filter.",
  main: ['port'],
  identity: ['port', 'proto', 'action', 'source', 'direction', 'interface'],
  attributes: [
    {
      name: 'port',
      type: {
        kind: 'list',
        pattern: /^\d{1,5}(?:[-:]\d{1,5})?$|^any$/,
        patternMeans: 'ports such as 443 or 8000-8100, or any',
      },
      required: true,
      description: 'Port, range, or several of them; `any` for all.',
      aliases: ['ports'],
    },
    presentOrAbsent('`absent` removes the rule.'),
    {
      name: 'proto',
      type: { kind: 'enum', values: ['tcp', 'udp', 'any'] },
      default: 'tcp',
      description: 'Protocol.',
      aliases: ['protocol'],
    },
    {
      name: 'action',
      type: { kind: 'enum', values: ['allow', 'deny', 'reject'] },
      default: 'allow',
      description: '`deny` drops silently, `reject` answers.',
    },
    { name: 'direction', type: { kind: 'enum', values: ['in', 'out'] }, default: 'in', description: 'Which way.' },
    {
      name: 'source',
      type: {
        kind: 'string',
        pattern: /^(?:any|[0-9A-Fa-f.:]{2,45}(?:\/\d{1,3})?)$/,
        patternMeans: 'an address, a network such as 10.0.0.0/8, or any',
      },
      default: 'any',
      description: 'Address or network that it is about; with `direction: out` the destination.',
      aliases: ['from'],
    },
    { name: 'interface', type: { kind: 'string' }, description: 'Only on this network interface.' },
    { name: 'comment', type: { kind: 'string' }, description: 'Why the rule is there; kept with it.' },
  ],
  rules: [],
  label: a => {
    const source = a('source') ?? 'any'
    const what = `${a('proto') ?? 'tcp'} ${a('port') ?? ''}${source === 'any' ? '' : ` ${a('direction') === 'out' ? 'to' : 'from'} ${source}`}`
    if (a('state') === 'absent') return `Remove firewall rule for ${what}`
    const verbs: Readonly<Record<string, string>> = { allow: 'Allow', deny: 'Deny', reject: 'Reject' }
    return `${verbs[a('action') ?? 'allow'] ?? 'Filter'} ${what}`
  },
})
