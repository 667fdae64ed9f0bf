import { defineResource } from '../schema.ts'
import { backup, presentOrAbsent, targetPath } from './attributes.ts'

export const iniSchema = defineResource({
  type: 'ini',
  summary: 'One setting of an INI file.',
  main: ['target_path'],
  identity: ['target_path', 'section', 'key'],
  attributes: [
    targetPath('The file.'),
    presentOrAbsent('`absent` removes the setting, or without `key` the whole section.'),
    {
      name: 'section',
      type: { kind: 'string' },
      default: '',
      description: 'Section; empty for the lines before the first one.',
    },
    { name: 'key', type: { kind: 'string' }, description: 'Name of the setting.', aliases: ['option', 'setting'] },
    { name: 'value', type: { kind: 'string' }, description: 'Value of the setting.' },
    { name: 'create', type: { kind: 'boolean' }, default: true, description: 'Makes the file when it does not exist.' },
    backup,
  ],
  rules: [{ rule: 'required-in', states: ['present'], attributes: ['key', 'value'] }],
  label: a => {
    const setting = [a('section'), a('key')].filter(part => part !== undefined && part !== '').join('.')
    return `${a('state') === 'absent' ? 'Remove' : 'Set'} ${setting} in ${a('target_path') ?? 'file'}`
  },
})
