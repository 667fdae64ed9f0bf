import { defineResource } from '../schema.ts'
import { backup, targetPath } from './attributes.ts'

export const replaceSchema = defineResource({
  type: 'replace',
  summary: 'Every match of a pattern in a file, replaced. The replacement must not match the pattern again.',
  main: ['target_path'],
  attributes: [
    targetPath('The file; it must exist.'),
    {
      name: 'pattern',
      type: { kind: 'string' },
      required: true,
      description: 'Regular expression, of many lines.',
      aliases: ['regexp', 'match'],
    },
    {
      name: 'replacement',
      type: { kind: 'text' },
      default: '',
      description: 'What stands there afterwards; `$1` is the first group.',
      aliases: ['replace', 'with'],
    },
    backup,
    {
      name: 'validate',
      type: { kind: 'text' },
      description:
        'Shell command that checks the new contents, `%` is their temporary file; when it fails nothing is written.',
    },
  ],
  rules: [],
  label: a => `Replace text in ${a('target_path') ?? 'file'}`,
})
