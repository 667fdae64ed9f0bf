import type { Command } from 'commander'
import { interruptSignal, paint, printFields, printJson } from '#cli/shell'
import { type BoltRow, serverRoutes } from '#node/api'
import { formatDuration } from '#node/kit'
import { examples } from '../../examples-text.ts'
import { withServer } from '../../server/index.ts'
import { plural, short } from '../../words.ts'
import { stateOf, tellBolts } from '../status.ts'

export function addListAndShow(bolt: Command): void {
  bolt
    .command('list')
    .description('all bolts, with what each has in force')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli spanner bolt list', '* is the one that was asked']]))
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const { bolts } = await client.call(serverRoutes.spannerStatus, {}, { signal: interruptSignal() })
        if (options.json) printJson(bolts)
        else tellBolts(bolts)
      }),
    )
  bolt
    .command('show <bolt>')
    .description('one bolt: what it has in force, and whom it serves')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\n<bolt> is a host name, a public key, or its first eight digits or more.${examples([
        ['vigocli spanner bolt show bolt2', 'by host name'],
      ])}`,
    )
    .action((name: string, options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const row = await client.call(serverRoutes.bolt, { bolt: name }, { signal: interruptSignal() })
        if (options.json) printJson(row)
        else tellOne(row, Date.now())
      }),
    )
}

function tellOne(bolt: BoltRow, now: number): void {
  const { hostname, isFounder, isSelf, peer, isConnected, patterns, report, home } = bolt
  const notes = [...(isFounder ? ['founder'] : []), ...(isSelf ? ['the one that was asked'] : [])]
  printFields([
    ['host name', `${paint('bold', hostname)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`],
    ['key', peer],
    ['connected', isConnected ? 'yes' : 'no'],
    ['state', stateOf(bolt)],
    ['hosts', patterns.join(' ') || 'those of nobody else'],
    ['should serve', plural(home.envoys, 'envoy')],
    ...(report === null ? [] : reportFields(report, now)),
  ])
}

function reportFields(
  { version, release, configVersion, loadedAt, startedAt, head, envoys }: NonNullable<BoltRow['report']>,
  now: number,
): (readonly [string, string])[] {
  return [
    ['release', `${short(release)} (version ${configVersion}), for ${formatDuration(Math.max(0, now - loadedAt))}`],
    ['commit', head?.slice(0, 12) ?? '-'],
    ['envoys', `${envoys.connected} connected, ${envoys.converged} of ${envoys.total} up to date`],
    ['program', `${version}, up ${formatDuration(Math.max(0, now - startedAt))}`],
  ]
}
