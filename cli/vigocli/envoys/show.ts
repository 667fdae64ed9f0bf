import type { Command } from 'commander'
import { interruptSignal, paint, print, printFields, printJson, printTable } from '#cli/shell'
import { type EnvoyRow, type RunDetail, serverRoutes } from '#node/api'
import { formatDuration } from '#node/kit'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { ago, countsWords, short, stateWord } from '../words.ts'

export function addShow(envoys: Command): void {
  envoys
    .command('show <envoy>')
    .description('one envoy: its state, and what its last run found and did')
    .option('--traits', 'print what it said about its machine, as JSON')
    .option('--bundle', 'print what it should have, as JSON; secrets stay references')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\n<envoy> is a host name, a public key, or its first eight digits or more.${examples([
        ['vigocli envoys show web-1', 'by host name'],
        ['vigocli envoys show web-1 --traits', 'what conditions and templates see'],
      ])}`,
    )
    .action((envoy: string, options: { traits?: boolean; bundle?: boolean; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const call = { signal: interruptSignal() }
        if (options.traits) return printJson((await client.call(serverRoutes.traits, { envoy }, call)).traits)
        if (options.bundle) return printJson((await client.call(serverRoutes.bundle, { envoy }, call)).bundle)
        const row = await client.call(serverRoutes.envoy, { envoy }, call)
        const run =
          row.lastRun === null
            ? null
            : await client.call(serverRoutes.run, { envoy: row.peer, run: row.lastRun.id }, call)
        if (options.json) return printJson({ ...row, lastRun: run })
        tell(row, Date.now())
        if (run !== null) tellRun(run)
      }),
    )
}

function tell(row: EnvoyRow, now: number): void {
  const { isConnected, lastSeenAt, wantedRelease, release } = row
  const state = [row.status, ...(row.drift === 'none' ? [] : [`drift: ${row.drift}`]), row.reachability]
  printFields([
    ['host name', paint('bold', row.hostname)],
    ['key', row.peer],
    ['platform', `${row.platform}${row.version === '' ? '' : `, agent ${row.version}`}`],
    ['state', state.map(stateWord).join(', ')],
    ['seen', isConnected ? 'connected now' : ago(lastSeenAt, now)],
    ['entry', `${row.entry ?? 'none matches'}${row.environment === null ? '' : ` in ${row.environment}`}`],
    ['crates', row.crates.join(', ') || 'none'],
    ['release', release === wantedRelease ? short(release) : `${short(release)}, should have ${short(wantedRelease)}`],
    ...(row.problem === '' ? [] : [['problem', paint('red', row.problem)] as const]),
  ])
}

/** A run as a table of what it did not find in order. */
export function tellRun(run: RunDetail): void {
  const how = `${stateWord(run.outcome)}${run.mode === 'dry-run' ? ', dry run' : ''}${run.offline ? ', offline' : ''}`
  print()
  print(
    `${paint('bold', 'run')} ${run.id.slice(0, 12)} at ${new Date(run.startedAt).toISOString()}: ${how}, ${countsWords(run.counts)}, in ${formatDuration(run.durationMs)}`,
  )
  if (run.results.length === 0) return
  printTable(
    ['RESOURCE', 'TYPE', 'TOOK', 'STATE'],
    run.results.map(({ id, type, durationMs, state, message, changes = [] }) => [
      id,
      type,
      formatDuration(durationMs),
      [
        stateWord(state),
        ...(message === undefined ? [] : [message]),
        ...changes.map(({ attribute, from, to }) => `${attribute}: ${from} → ${to}`),
      ].join('; '),
    ]),
    '',
  )
  if (run.resultsLeftOut > 0) print(`and ${run.resultsLeftOut} more`)
}
