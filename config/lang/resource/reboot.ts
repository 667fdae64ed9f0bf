import { defineResource } from '../schema.ts'
import { presentOrAbsent } from './attributes.ts'

export const rebootSchema = defineResource({
  type: 'reboot',
  summary: 'A restart of the machine, once something asks for it.',
  main: [],
  attributes: [
    presentOrAbsent('`absent` cancels a restart that is planned.'),
    {
      name: 'reboot_required_file',
      type: { kind: 'path' },
      description: 'Restarts only while this file exists.',
    },
    {
      name: 'delay_secs',
      type: { kind: 'integer', min: 0, max: 10_080 },
      default: 0,
      description: 'Delay until the restart, in minutes despite its name.',
    },
    { name: 'message', type: { kind: 'string' }, description: 'What users who are logged in read.' },
  ],
  rules: [
    {
      rule: 'guard',
      states: ['present'],
      attributes: ['reboot_required_file'],
      triggers: ['subscribes', 'when-changed'],
      hint: "add 'subscribes:' with the resource whose change needs the restart, or 'reboot_required_file: /var/run/reboot-required'",
    },
  ],
  label: a => {
    if (a('state') === 'absent') return 'Cancel a planned restart'
    const file = a('reboot_required_file')
    return file === undefined ? 'Restart the machine when triggered' : `Restart the machine while ${file} exists`
  },
})
