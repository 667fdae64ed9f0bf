import type { Command } from 'commander'
import { interruptSignal, paint, printFields, printJson } from '#cli/shell'
import { type ServerStatus, serverRoutes } from '#node/api'
import { formatDuration, formatSize } from '#node/kit'
import { examples } from './examples-text.ts'
import { withServer } from './server/index.ts'
import { countsWords, plural, short, stateWord } from './words.ts'

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('the server on one page: what is live, and how the fleet does')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli status', 'see also: vigocli doctor']]))
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const status = await client.call(serverRoutes.serverStatus, {}, { signal: interruptSignal() })
        if (options.json) printJson(status)
        else tell(status, Date.now())
      }),
    )
}

function tell(status: ServerStatus, now: number): void {
  const { config, envoys } = status
  const live =
    config.release === null
      ? 'nothing'
      : `${short(config.release)} (version ${config.version}), for ${formatDuration(now - config.loadedAt)}`
  printFields([
    ['server', `${paint('bold', status.hostname)}, ${status.version}, up ${formatDuration(now - status.startedAt)}`],
    ['fleet', status.fleet],
    ['members', `${status.members}, ${plural(envoys.envoys, 'envoy')}, ${envoys.connected} connected`],
    ['live', live],
    ...(config.problem === null ? [] : [['problem', paint('red', config.problem.message)] as const]),
    ...(status.frozenUntil === null ? [] : [['frozen until', status.frozenUntil] as const]),
    ['up to date', `${envoys.upToDate} of ${plural(envoys.envoys, 'envoy')}`],
    ['status', countsWords(envoys.status)],
    ['drift', countsWords(envoys.drift)],
    ['reachability', countsWords(envoys.reachability)],
    ['roll-out', stateWord(status.rollout)],
    ['tasks running', String(status.runningTasks)],
    ['listens', status.listeners.map(({ url }) => url).join(' ') || 'on its socket only'],
    ['memory', formatSize(status.memoryBytes)],
  ])
}
