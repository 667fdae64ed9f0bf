import { type Command, Option } from 'commander'
import { interruptSignal, paint, print, printFields, printJson, printTable } from '#cli/shell'
import { serverRoutes, type TaskRow } from '#node/api'
import { formatDuration } from '#node/kit'
import { examples } from '../examples-text.ts'
import { countOption } from '../options.ts'
import { withServer } from '../server/index.ts'
import { ago, countsWords, stateWord } from '../words.ts'

export function addHistory(task: Command): void {
  task
    .command('list')
    .description('tasks that were run, the newest first')
    .addOption(new Option('--limit <n>', 'how many').argParser(countOption).default(20))
    .option('--named', 'tasks of the live release instead')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli task list --named', 'what can be run by name']]))
    .action((options: { limit: number; named?: boolean; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const call = { signal: interruptSignal() }
        if (options.named) {
          const { tasks } = await client.call(serverRoutes.namedTasks, {}, call)
          if (options.json) return printJson(tasks)
          return printTable(
            ['NAME', 'PARAMETERS', 'WHAT'],
            tasks.map(({ name, params, description }) => [
              name,
              params.map(param => (param.required ? param.name : `[${param.name}]`)).join(' '),
              description,
            ]),
            'The live release declares no tasks.',
          )
        }
        const { tasks } = await client.call(serverRoutes.tasks, { limit: options.limit }, call)
        if (options.json) return printJson(tasks)
        const now = Date.now()
        printTable(
          ['ID', 'STARTED', 'BY', 'TARGET', 'WHAT', 'STATE'],
          tasks.map(row => [
            row.id,
            ago(row.startedAt, now),
            row.by,
            cut(row.target, 30),
            cut(row.name ?? row.command, 40),
            `${stateWord(row.state)} (${hostsWords(row)})`,
          ]),
          'No task was run yet. Run one with: vigocli task run <command> --target <hosts>',
        )
      }),
    )
  task
    .command('status <task>')
    .description('one task with the end of each host’s output')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli task status 3f9a0c', 'an id of vigocli task list']]))
    .action((id: string, options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const row = await client.call(serverRoutes.task, { task: id }, { signal: interruptSignal() })
        if (options.json) printJson(row)
        else tellTask(row)
      }),
    )
}

/** `3 succeeded, 1 failed`. */
export function hostsWords({ hosts }: Pick<TaskRow, 'hosts'>): string {
  const counts: Record<string, number> = {}
  for (const { state } of hosts) counts[state] = (counts[state] ?? 0) + 1
  return countsWords(counts)
}

function tellTask(row: TaskRow): void {
  const { endedAt, startedAt } = row
  printFields([
    ['task', row.id],
    ['command', row.name === null ? row.command : `${row.name}: ${row.command}`],
    ['target', row.target],
    ['by', `${row.by}, ${new Date(startedAt).toISOString()}`],
    ['state', `${stateWord(row.state)}${row.reason === '' ? '' : `: ${row.reason}`}`],
    ['hosts', `${hostsWords(row)}; batch ${row.batch} of ${row.batches}`],
    ...(endedAt === null ? [] : [['took', formatDuration(endedAt - startedAt)] as const]),
  ])
  for (const host of row.hosts) {
    print()
    const how = host.problem === '' ? '' : `: ${host.problem}`
    print(`${paint('bold', host.hostname)} ${stateWord(host.state)}${how} (${formatDuration(host.durationMs)})`)
    if (host.output !== '') print(host.output.trimEnd().replaceAll(/^/gm, '  '))
  }
}

function cut(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`
}
