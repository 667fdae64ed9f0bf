import { defineResource } from '../schema.ts'
import { presentOrAbsent, targetPath } from './attributes.ts'

export const symlinkSchema = defineResource({
  type: 'symlink',
  summary: 'A symbolic link.',
  main: ['target_path'],
  identity: ['target_path'],
  attributes: [
    targetPath('The link itself.'),
    presentOrAbsent('`absent` removes the link, never what it points to.'),
    {
      name: 'link_target',
      type: { kind: 'string' },
      description: 'What the link points to, absolute or relative to the link.',
      aliases: ['target', 'points_to'],
    },
    {
      name: 'force',
      type: { kind: 'boolean' },
      default: false,
      description: 'Replaces a file or an empty directory that is in the way.',
    },
  ],
  rules: [{ rule: 'required-in', states: ['present'], attributes: ['link_target'] }],
  label: a =>
    a('state') === 'absent'
      ? `Remove link ${a('target_path') ?? ''}`
      : `Link ${a('target_path') ?? ''} to ${a('link_target') ?? ''}`,
})
