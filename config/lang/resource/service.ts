import { defineResource } from '../schema.ts'
import { state, timeout } from './attributes.ts'

export const serviceSchema = defineResource({
  type: 'service',
  summary: 'A service of the init system.',
  main: ['service'],
  attributes: [
    {
      name: 'service',
      type: {
        kind: 'string',
        pattern: /^[A-Za-z0-9_@][A-Za-z0-9_.@:\\-]{0,254}$/,
        patternMeans: 'the name of a service',
      },
      required: true,
      description: 'Name of the service or unit.',
      aliases: ['service_name'],
    },
    state(
      ['running', 'stopped', 'restarted', 'reloaded'],
      'running',
      '`restarted` and `reloaded` act each time they are applied and need a trigger.',
      {
        started: "write 'state: running'",
        present: "write 'state: running'",
        enabled: "write 'enabled: true'; the state says whether it runs now",
        disabled: "write 'enabled: false'; the state says whether it runs now",
        absent: "write 'state: stopped' and 'enabled: false', or remove its package",
      },
    ),
    {
      name: 'enabled',
      type: { kind: 'boolean' },
      description: 'Whether it starts with the machine; left alone when not given.',
    },
    { name: 'restart_command', type: { kind: 'text' }, description: "Instead of the init system's restart." },
    { name: 'reload_command', type: { kind: 'text' }, description: "Instead of the init system's reload." },
    timeout(120),
  ],
  rules: [
    {
      rule: 'guard',
      states: ['restarted', 'reloaded'],
      attributes: [],
      triggers: ['subscribes', 'when-changed'],
      hint: `add 'when: "changed"' and let the resource that it depends on trigger it, with 'subscribes:' here or 'notify:' there`,
    },
  ],
  label: a => {
    const service = a('service') ?? 'service'
    const state = a('state') ?? 'running'
    if (state === 'restarted') return `Restart ${service} when triggered`
    if (state === 'reloaded') return `Reload ${service} when triggered`
    const enabled = a('enabled')
    const boot = enabled === 'true' ? ' and enabled' : enabled === 'false' ? ' and disabled' : ''
    return `Ensure ${service} is ${state}${boot}`
  },
})
