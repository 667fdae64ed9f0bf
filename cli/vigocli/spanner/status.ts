import type { Command } from 'commander'
import { interruptSignal, paint, print, printFields, printJson, printTable } from '#cli/shell'
import { type BoltRow, type SpannerStatus, type StacksHead, serverRoutes } from '#node/api'
import { exitCodes } from '#node/api/errors'
import { outcomeOf } from '../config/bolts/follow.ts'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { plural, short, stateWord } from '../words.ts'
import { isInOrder, nameOf } from './heads.ts'

export function addStatus(spanner: Command): void {
  spanner
    .command('status')
    .description('the bolts, what each has in force, and whether they agree: exit code 0 if all do, 1 if not')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli spanner status', 'see also: vigocli config history'],
        ['vigocli spanner status || echo "look at it"', 'in a job that watches'],
      ]),
    )
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const status = await client.call(serverRoutes.spannerStatus, {}, { signal: interruptSignal() })
        if (!isInOrder(status)) process.exitCode = exitCodes.failed
        if (options.json) printJson(status)
        else tellStatus(status)
      }),
    )
}

export function tellStatus(status: SpannerStatus): void {
  const { mode, server, release, state, problem, bolts, project } = status
  if (mode === 'standalone') {
    print(`${server} stands alone; make it the first of several with: vigocli spanner init`)
    if (bolts.length > 1) tellBolts(bolts)
    return
  }
  const following = bolts.filter(({ follows }) => follows).length
  printFields([
    ['asked', server],
    ['stacks', project?.url ?? ''],
    ['live', short(release)],
    ['state', stateWord(state)],
    ...(problem === '' ? [] : [['problem', paint('red', problem)] as const]),
    ['follow', `${following} of ${plural(bolts.length, 'bolt')}`],
  ])
  print()
  tellBolts(bolts)
  if (state === 'diverged') tellHeads(status.heads)
}

/** One line for each bolt. */
export function tellBolts(bolts: readonly BoltRow[]): void {
  printTable(
    ['BOLT', 'RELEASE', 'ENVOYS', 'HOSTS', 'STATE'],
    bolts.map(bolt => [
      `${bolt.hostname}${bolt.isSelf ? ' *' : ''}`,
      short(bolt.report?.release ?? null),
      bolt.report === null ? '-' : `${bolt.report.envoys.connected} of ${bolt.home.envoys}`,
      bolt.patterns.join(' ') || '-',
      stateOf(bolt),
    ]),
    'No bolts.',
  )
}

export function stateOf(bolt: BoltRow): string {
  const { state, problem } = outcomeOf(bolt)
  const draining = bolt.isDraining ? 'draining, ' : ''
  return `${draining}${stateWord(state)}${problem === '' ? '' : `: ${problem}`}`
}

function tellHeads(heads: readonly StacksHead[]): void {
  print()
  print(`${paint('bold', 'Diverged')}: bolts published without seeing each other. Each goes on with what it has.`)
  printTable(
    ['COMMIT', 'RELEASE', 'BOLT', 'TIME', 'AUTHOR'],
    heads.map(head => [
      head.commit.slice(0, 12),
      short(head.release),
      head.bolt,
      head.time.slice(0, 19),
      `${head.author}${head.reason === '' ? '' : `: ${head.reason}`}${head.isHere ? ' (live here)' : ''}`,
    ]),
    '',
  )
  print('End it by taking one; the others stay in the history:')
  for (const head of heads) print(`  vigocli spanner resolve --take ${nameOf(head, heads)}`)
}
