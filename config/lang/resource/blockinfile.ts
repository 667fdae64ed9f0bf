import { defineResource } from '../schema.ts'
import { backup, presentOrAbsent, targetPath } from './attributes.ts'

export const blockinfileSchema = defineResource({
  type: 'blockinfile',
  summary: 'A block of lines between two marker lines of a file.',
  main: ['target_path'],
  identity: ['target_path', 'marker'],
  attributes: [
    targetPath('The file.'),
    presentOrAbsent('`absent` removes the block with its markers.'),
    { name: 'block', type: { kind: 'text' }, description: 'The lines between the markers.', aliases: ['content'] },
    {
      name: 'marker',
      type: { kind: 'string', pattern: /\{mark\}/, patternMeans: 'text that contains {mark}' },
      default: '# {mark} VIGO MANAGED BLOCK',
      description:
        'Both marker lines; `{mark}` becomes BEGIN and END. Several blocks of one file need different markers.',
    },
    {
      name: 'insertafter',
      type: { kind: 'string' },
      description: 'Regular expression of the line after which a new block goes; the end otherwise.',
    },
    {
      name: 'insertbefore',
      type: { kind: 'string' },
      description: 'Regular expression of the line before which a new block goes.',
    },
    {
      name: 'create',
      type: { kind: 'boolean' },
      default: false,
      description: 'Makes the file when it does not exist.',
    },
    backup,
  ],
  rules: [
    { rule: 'required-in', states: ['present'], attributes: ['block'] },
    { rule: 'one-of', attributes: ['insertafter', 'insertbefore'], required: false },
  ],
  label: a =>
    a('state') === 'absent'
      ? `Remove the managed block from ${a('target_path') ?? 'file'}`
      : `Manage a block in ${a('target_path') ?? 'file'}`,
})
