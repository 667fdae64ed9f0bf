import { defineResource } from '../schema.ts'
import { backup, targetPath } from './attributes.ts'

export const fieldEditSchema = defineResource({
  type: 'field_edit',
  summary: 'One field of the lines of a table-like file such as /etc/passwd or /etc/fstab.',
  main: ['target_path'],
  identity: ['target_path', 'match', 'field'],
  attributes: [
    targetPath('The file; it must exist.'),
    {
      name: 'match',
      type: { kind: 'string' },
      required: true,
      description: 'Regular expression of the lines that are edited.',
      aliases: ['pattern'],
    },
    {
      name: 'field',
      type: { kind: 'integer', min: 1, max: 1000 },
      required: true,
      description: 'Which field, counted from 1.',
    },
    { name: 'value', type: { kind: 'string' }, required: true, description: 'What the field holds.' },
    {
      name: 'separator',
      type: { kind: 'string' },
      default: ':',
      description: 'What stands between two fields; a single space means any run of blanks.',
      aliases: ['delimiter'],
    },
    backup,
  ],
  rules: [],
  label: a => `Set field ${a('field') ?? ''} in ${a('target_path') ?? 'file'}`,
})
