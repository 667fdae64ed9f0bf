import { defineResource } from '../schema.ts'
import { presentOrAbsent } from './attributes.ts'
import { oneLine } from './label.ts'

const field = <const N extends string>(name: N, description: string) =>
  ({
    name,
    type: {
      kind: 'string',
      pattern: /^[A-Za-z0-9*,/-]{1,100}$/,
      patternMeans: 'a field of cron such as 5, */10 or 1-5',
    },
    default: '*',
    description,
  }) as const

export const cronSchema = defineResource({
  type: 'cron',
  summary: 'A job of /etc/cron.d, in a file of its own that is named after it.',
  main: ['cron', 'command'],
  identity: ['cron'],
  attributes: [
    {
      name: 'cron',
      type: {
        kind: 'string',
        pattern: /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/,
        patternMeans: 'letters, digits, dashes and underscores',
      },
      description: "Name of the job and its file; the resource's name otherwise.",
      aliases: ['job'],
    },
    presentOrAbsent('`absent` removes the job.'),
    { name: 'command', type: { kind: 'string' }, description: 'What is run.' },
    {
      name: 'schedule',
      type: {
        kind: 'string',
        pattern:
          /^(?:@(?:reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)|(?:[A-Za-z0-9*,/-]+[ \t]+){4}[A-Za-z0-9*,/-]+)$/,
        patternMeans: 'five fields such as 15 3 * * 1-5, or @daily',
      },
      description: 'When: five fields or `@daily` and the like. Stronger than the single fields.',
    },
    field('minute', 'Minutes, 0-59.'),
    field('hour', 'Hours, 0-23.'),
    field('day', 'Days of the month, 1-31.'),
    field('month', 'Months, 1-12.'),
    field('weekday', 'Days of the week, 0-7; 0 and 7 are Sunday.'),
    { name: 'user', type: { kind: 'string' }, default: 'root', description: 'User that runs it.' },
    {
      name: 'environment',
      type: { kind: 'map' },
      description: 'Variables of the job: a map, or `K=V,K=V`.',
      aliases: ['env'],
    },
  ],
  rules: [{ rule: 'required-in', states: ['present'], attributes: ['command'] }],
  label: a => {
    if (a('state') === 'absent') return `Remove cron job ${a('cron') ?? ''}`
    const fields = ['minute', 'hour', 'day', 'month', 'weekday'].map(name => a(name) ?? '*').join(' ')
    return `Run ${oneLine(a('command') ?? a('cron') ?? 'job', 50)} at ${a('schedule') ?? fields}`
  },
})
