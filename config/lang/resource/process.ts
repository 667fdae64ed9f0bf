import { defineResource } from '../schema.ts'
import { state, timeout } from './attributes.ts'

export const processSchema = defineResource({
  type: 'process',
  summary: 'A process that runs, or does not, without an init system that knows it.',
  main: ['process'],
  identity: ['process'],
  attributes: [
    {
      name: 'process',
      type: { kind: 'string' },
      required: true,
      description: 'Name of the process, as `pgrep -x` takes it.',
      aliases: ['process_name'],
    },
    state(
      ['running', 'stopped'],
      'running',
      '`running` starts the command when there is no such process, `stopped` ends all of them.',
    ),
    { name: 'command', type: { kind: 'text' }, description: 'Starts it; detached from the agent.' },
    {
      name: 'user',
      type: { kind: 'string' },
      description: 'Only processes of this user count, and it is started as this user.',
    },
    { name: 'cwd', type: { kind: 'path' }, default: '/', description: 'Working directory of the command.' },
    {
      name: 'signal',
      type: { kind: 'enum', values: ['TERM', 'INT', 'HUP', 'QUIT', 'KILL', 'USR1', 'USR2'] },
      default: 'TERM',
      description: 'What ends it.',
    },
    timeout(30),
  ],
  rules: [{ rule: 'required-in', states: ['running'], attributes: ['command'] }],
  label: a => `Ensure process ${a('process') ?? ''} is ${a('state') ?? 'running'}`,
})
