import { defineResource } from '../schema.ts'
import { backup, presentOrAbsent, targetPath } from './attributes.ts'

export const fileLineSchema = defineResource({
  type: 'file_line',
  summary: 'One line of a file whose other lines belong to somebody else.',
  main: ['target_path'],
  identity: ['target_path', 'line'],
  attributes: [
    targetPath('The file.'),
    presentOrAbsent('`absent` removes the line, or with `match` every line that matches.'),
    { name: 'line', type: { kind: 'string' }, description: 'The whole line.' },
    {
      name: 'match',
      type: { kind: 'string' },
      description: 'Regular expression of the line that is replaced; where none matches, the line is added.',
    },
    {
      name: 'after',
      type: { kind: 'string' },
      description: 'Regular expression of the line after which a new line goes; the end otherwise.',
    },
    {
      name: 'create',
      type: { kind: 'boolean' },
      default: false,
      description: 'Makes the file when it does not exist.',
    },
    backup,
  ],
  rules: [{ rule: 'required-in', states: ['present'], attributes: ['line'] }],
  label: a =>
    a('state') === 'absent'
      ? `Remove a line from ${a('target_path') ?? 'file'}`
      : `Set a line in ${a('target_path') ?? 'file'}`,
})
