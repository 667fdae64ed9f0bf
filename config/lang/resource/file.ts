import { defineResource } from '../schema.ts'
import { backup, group, owner, presentOrAbsent, targetPath } from './attributes.ts'

export const fileSchema = defineResource({
  type: 'file',
  summary:
    'A regular file with given contents, owner, group and mode. Contents are compared by SHA-256 and replaced by rename.',
  main: ['target_path'],
  identity: ['target_path'],
  attributes: [
    targetPath('The file.'),
    presentOrAbsent('`absent` removes the file.', {
      directory: "a directory is a resource of its own: write 'type: directory'",
      link: "a symbolic link is a resource of its own: write 'type: symlink'",
      file: "write 'state: present'",
    }),
    {
      name: 'content',
      type: { kind: 'text' },
      description: 'What the file holds, templates rendered. Empty when neither `content` nor `source` is given.',
    },
    {
      name: 'source',
      type: { kind: 'string' },
      description:
        'Where the contents come from: `templates/<name>.tmpl` of the tree, a path on the machine, or a URL.',
    },
    {
      name: 'baseindent',
      type: { kind: 'integer', min: 0, max: 64 },
      description: 'Spaces that are put before each line that is not empty.',
    },
    {
      name: 'stream_edit',
      type: { kind: 'list', separator: '\n' },
      description:
        'sed commands that are applied, in order, to the contents before they are compared; without `content` and `source` to what the file holds.',
    },
    { ...owner, default: 'root', expected: true },
    { ...group, default: 'root', expected: true },
    { name: 'mode', type: { kind: 'mode' }, default: '0644', expected: true, description: 'Permission bits.' },
    { name: 'secontext', type: { kind: 'string' }, description: 'SELinux context, set by chcon.' },
    backup,
    {
      name: 'validate',
      type: { kind: 'text' },
      description:
        'Shell command that checks the new contents, `%` is their temporary file; when it fails nothing is written.',
    },
  ],
  rules: [{ rule: 'one-of', attributes: ['content', 'source'], required: false }],
  label: a => `${a('state') === 'absent' ? 'Remove' : 'Deploy'} ${a('target_path') ?? 'file'}`,
})
