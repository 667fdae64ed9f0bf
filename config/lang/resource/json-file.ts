import { defineResource } from '../schema.ts'
import { backup, presentOrAbsent, targetPath } from './attributes.ts'

export const jsonFileSchema = defineResource({
  type: 'json_file',
  summary: 'One value inside a JSON file.',
  main: ['target_path'],
  identity: ['target_path', 'key'],
  attributes: [
    targetPath('The file.'),
    presentOrAbsent('`absent` removes the key.'),
    {
      name: 'key',
      type: { kind: 'string' },
      required: true,
      description: 'Where the value is: object keys and list positions with dots between, `log-opts.max-size`.',
    },
    { name: 'value', type: { kind: 'any' }, description: 'Any value; objects and lists are compared whole.' },
    { name: 'create', type: { kind: 'boolean' }, default: true, description: 'Makes the file when it does not exist.' },
    backup,
  ],
  rules: [{ rule: 'required-in', states: ['present'], attributes: ['value'] }],
  label: a => `${a('state') === 'absent' ? 'Remove' : 'Set'} ${a('key') ?? 'a key'} in ${a('target_path') ?? 'file'}`,
})
