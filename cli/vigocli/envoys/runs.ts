import { type Command, Option } from 'commander'
import { interruptSignal, printJson, printTable } from '#cli/shell'
import { type ReplyOf, serverRoutes } from '#node/api'
import { formatDuration } from '#node/kit'
import { examples } from '../examples-text.ts'
import { countOption } from '../options.ts'
import { withServer } from '../server/index.ts'
import { countsWords, short, stateWord } from '../words.ts'
import { tellRun } from './show.ts'

export function addRuns(envoys: Command): void {
  envoys
    .command('runs <envoy>')
    .description('what an envoy reported, the newest first')
    .addOption(new Option('--limit <n>', 'how many runs').argParser(countOption).default(20))
    .option('--run <id>', 'one run with each of its resources')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli envoys runs web-1 --limit 5', 'the last five']]))
    .action((envoy: string, options: { limit: number; run?: string; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const call = { signal: interruptSignal() }
        if (options.run !== undefined) {
          const run = await client.call(serverRoutes.run, { envoy, run: options.run }, call)
          return options.json ? printJson(run) : tellRun(run)
        }
        const { runs } = await client.call(serverRoutes.runs, { envoy, limit: options.limit }, call)
        if (options.json) printJson(runs)
        else tellRuns(envoy, runs)
      }),
    )
}

export function tellRuns(envoy: string, runs: ReplyOf<typeof serverRoutes.runs>['runs']): void {
  printTable(
    ['TIME', 'RUN', 'RELEASE', 'TOOK', 'OUTCOME'],
    runs.map(run => [
      new Date(run.startedAt).toISOString().slice(0, 19),
      run.id,
      short(run.release),
      formatDuration(run.durationMs),
      `${stateWord(run.outcome)}${run.mode === 'dry-run' ? ' (dry run)' : ''}${run.offline ? ' (offline)' : ''}: ${countsWords(run.counts)}`,
    ]),
    `${envoy} reported nothing yet.`,
  )
}
