import type { AttributesOf, SchemaOf } from '#config/lang'
import { ExecutorError } from '../errors.ts'
import type { ExecutorOf } from '../executor.ts'
import { planned } from '../planned.ts'
import { planRemoval } from './file.ts'
import { requireOneLine } from './lines.ts'
import { planFile } from './plan-file.ts'

type CronAttributes = AttributesOf<SchemaOf<'cron'>>

const FOLDER = '/etc/cron.d'

export const cronExecutor: ExecutorOf<'cron'> = planned<CronAttributes>(
  { type: 'cron', reach: 'paths', acts: 'until-compliant' },
  async (attributes, machine, options) => {
    const path = `${FOLDER}/${fileName(attributes.cron ?? options.name)}`
    if (attributes.state === 'absent') return await planRemoval(path, machine, options)
    const contents = Buffer.from(table(attributes), 'utf8')
    // cron reads no table that others may write.
    return await planFile({ path, contents, owner: 'root', group: 'root', mode: '0644' }, machine, options)
  },
)

/** cron passes over files with other characters in their name. */
function fileName(job: string): string {
  return job.replaceAll(/[^A-Za-z0-9_-]/g, '-').slice(0, 128)
}

function table({ command, schedule, minute, hour, day, month, weekday, user, environment }: CronAttributes): string {
  if (command === undefined) throw new ExecutorError('failed', "cron needs 'command'")
  const when = schedule ?? [minute, hour, day, month, weekday].join(' ')
  requireOneLine(command, "'command'")
  if (!/^\S+$/.test(user)) throw new ExecutorError('failed', `'${user}' is no user name`)
  const variables = Object.entries(environment ?? {}).map(([name, value]) => variable(name, value))
  return ['# Managed by Vigo: changes are put right again.', ...variables, `${when} ${user} ${command}`, ''].join('\n')
}

function variable(name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new ExecutorError('failed', `'${name}' is no name of a variable`)
  requireOneLine(value, name)
  return `${name}="${value}"`
}
