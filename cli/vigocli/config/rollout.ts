import type { Command } from 'commander'
import { interruptSignal, paint, print, printFields, printJson, printTable } from '#cli/shell'
import { type Canary, type RolloutStatus, serverRoutes } from '#node/api'
import { formatDuration } from '#node/kit'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { ago, plural, short, stateWord } from '../words.ts'

export function addRollout(config: Command): void {
  const rollout = config
    .command('rollout')
    .description('releases that go to canaries first')
    .addHelpText('after', examples([['vigocli config rollout status', 'after vigocli config publish --canary 5%']]))
  rollout
    .command('status')
    .description('the staged release with its canaries, and what the monitor thinks of the last ones')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli config rollout status', 'how the canaries do']]))
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const status = await client.call(serverRoutes.rollout, {}, { signal: interruptSignal() })
        if (options.json) printJson(status)
        else tell(status, Date.now())
      }),
    )
  addDecision(rollout, 'promote', 'give the staged release to everybody now')
  addDecision(rollout, 'stop', 'take the staged release back: what was live before is live again')
}

function addDecision(rollout: Command, verb: 'promote' | 'stop', description: string): void {
  const route = verb === 'promote' ? serverRoutes.promoteRollout : serverRoutes.stopRollout
  rollout
    .command(verb)
    .description(description)
    .option('--reason <text>', 'one line for the history', '')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([[`vigocli config rollout ${verb} --reason 'looked at it'`, 'do not wait any longer']]),
    )
    .action((options: { reason: string; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const canary = await client.call(route, { reason: options.reason }, { signal: interruptSignal() })
        if (options.json) printJson(canary)
        else
          print(verb === 'promote' ? 'Everybody gets it now.' : 'It is taken back; what was live before is live again.')
      }),
    )
}

function tell({ canary, monitor, verdicts }: RolloutStatus, now: number): void {
  if (canary === null) print('No release was staged yet. Stage one with: vigocli config publish --canary 5%')
  else printFields(fieldsOf(canary, now))
  if (monitor.phase === 'watching') {
    const { release, until, evidence } = monitor
    print()
    print(
      `The monitor watches ${short(release)} for ${formatDuration(Math.max(0, until - now))} more: ${evidence.harmed} of ${plural(evidence.judged, 'host')} worse than before.`,
    )
  }
  if (verdicts.length === 0) return
  print()
  printTable(
    ['WHEN', 'RELEASE', 'VERDICT', 'WHY'],
    verdicts.slice(0, 10).map(({ at, release, verdict, reason }) => [ago(at, now), short(release), verdict, reason]),
    '',
  )
}

function fieldsOf(canary: Canary, now: number): (readonly [string, string])[] {
  const common = [
    ['state', stateWord(canary.phase)],
    ['canaries', canary.selector],
    ['by', `${canary.by}, ${ago(canary.since, now)}`],
    ['before', short(canary.base)],
  ] as const
  if (canary.phase === 'announced') return [...common]
  const end =
    canary.phase === 'watching'
      ? (['left', formatDuration(Math.max(0, canary.until - now))] as const)
      : (['ended', `${ago(canary.at, now)}${canary.reason === '' ? '' : `: ${canary.reason}`}`] as const)
  return [
    ...common,
    ['release', paint('bold', short(canary.release))],
    ['hosts', canary.hosts.join(', ')],
    ['converged', `${canary.converged.length} of ${canary.hosts.length}`],
    ...(canary.failed.length === 0 ? [] : [['failed', canary.failed.join(', ')] as const]),
    end,
    ...(canary.phase === 'watching' && canary.problem !== undefined
      ? [['waits for you', paint('yellow', canary.problem)] as const]
      : []),
  ]
}
