import { defineResource } from '../schema.ts'
import { oneLine } from './label.ts'

export const execSchema = defineResource({
  type: 'exec',
  summary: 'A command that `sh -c` runs, guarded so that it runs only when there is something to do.',
  main: ['command'],
  attributes: [
    {
      name: 'command',
      type: { kind: 'text' },
      required: true,
      description: 'What is run.',
      placeholders: ['secret_file'],
    },
    {
      name: 'onlyif',
      type: { kind: 'text' },
      description: 'Guard: the command runs only when this one exits with 0.',
    },
    {
      name: 'unless',
      type: { kind: 'text' },
      description: 'Guard: the command does not run when this one exits with 0.',
    },
    { name: 'cwd', type: { kind: 'path' }, default: '/', description: 'Working directory.' },
    { name: 'user', type: { kind: 'string' }, default: 'root', description: 'User that runs it.' },
    {
      name: 'environment',
      type: { kind: 'map' },
      description: 'Variables of the command: a map, or `K=V,K=V`.',
      aliases: ['env'],
    },
    { name: 'stdin', type: { kind: 'text' }, sensitive: true, description: 'What the command reads.' },
    {
      name: 'secret_file',
      type: { kind: 'text' },
      sensitive: true,
      description:
        'Text, usually a `secret:` reference, that the command finds in a temporary file of mode 0600; `{{secret_file}}` in the command is its path.',
    },
    {
      name: 'returns',
      type: {
        kind: 'list',
        pattern: /^(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$/,
        patternMeans: 'exit codes from 0 to 255',
      },
      default: '0',
      description: 'Exit codes that count as success.',
    },
    { name: 'logoutput', type: { kind: 'boolean' }, default: true, description: 'The report carries the output.' },
    {
      name: 'background',
      type: { kind: 'boolean' },
      default: false,
      description: 'Starts the command with `nice` 19 and does not wait for it.',
    },
    {
      name: 'nice',
      type: { kind: 'integer', min: 0, max: 19 },
      default: 0,
      description: 'Scheduling priority, of CPU and disk; 19 yields to everything.',
    },
    {
      name: 'timeout',
      type: { kind: 'duration', maxSeconds: 300 },
      default: 300,
      description: 'After this the command is ended and counts as failed; at most 300 s.',
      aliases: ['timeout_secs'],
    },
  ],
  rules: [
    {
      rule: 'guard',
      attributes: ['onlyif', 'unless'],
      triggers: ['subscribes', 'when-changed'],
      hint: "add 'unless:' or 'onlyif:' with a command that tells whether there is something to do, or let another resource trigger it with 'subscribes:'",
    },
    { rule: 'one-of', attributes: ['stdin', 'secret_file'], required: false },
  ],
  label: a => `Run ${oneLine(a('command') ?? 'command')}`,
})
