import type { Command } from 'commander'
import { interruptSignal, print, printJson } from '#cli/shell'
import { ApiError, type BoltRow, serverRoutes } from '#node/api'
import { examples } from '../../examples-text.ts'
import { withServer } from '../../server/index.ts'
import { plural } from '../../words.ts'

/** Which bolt serves which envoys. */
export function addServing(bolt: Command): void {
  addDrain(bolt)
  addPatterns(bolt)
  addReassign(bolt)
}

function addDrain(bolt: Command): void {
  bolt
    .command('drain <bolt>')
    .description('send the envoys of a bolt to others, before one works on it')
    .option('--undo', 'let them come back')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli spanner bolt drain bolt2', 'its envoys go to other bolts'],
        ['vigocli spanner bolt drain bolt2 --undo', 'they come back'],
      ]),
    )
    .action((name: string, options: { undo?: boolean; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const draining = options.undo !== true
        const row = await client.call(serverRoutes.drainBolt, { bolt: name, draining }, { signal: interruptSignal() })
        if (options.json) return printJson(row)
        const what = draining ? 'is draining: its envoys go to other bolts' : 'takes its envoys back'
        print(`${row.hostname} ${what}; see vigocli spanner bolt show ${row.hostname}.`)
      }),
    )
}

function addPatterns(bolt: Command): void {
  bolt
    .command('patterns <bolt> [pattern...]')
    .description('which host names a bolt serves before others: shows them, or sets them all')
    .option('--clear', 'none; it serves those of nobody else')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ["vigocli spanner bolt patterns bolt2 '*.eu.example.com'", 'from now on exactly these'],
        ['vigocli spanner bolt patterns bolt2', 'what they are'],
      ]),
    )
    .action((name: string, patterns: string[], options: { clear?: boolean; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const call = { signal: interruptSignal() }
        if (options.clear && patterns.length > 0)
          throw new ApiError('bad-request', 'give patterns or --clear, not both')
        const isChange = options.clear === true || patterns.length > 0
        const row = isChange
          ? await client.call(serverRoutes.setBoltPatterns, { bolt: name, patterns }, call)
          : await client.call(serverRoutes.bolt, { bolt: name }, call)
        if (options.json) printJson(row)
        else tellPatterns(row)
      }),
    )
}

function tellPatterns({ hostname, patterns, home }: BoltRow): void {
  const whom = patterns.length === 0 ? 'the hosts of nobody else' : patterns.join(' ')
  print(`${hostname} serves ${whom}: ${plural(home.envoys, 'envoy')} now.`)
}

function addReassign(bolt: Command): void {
  bolt
    .command('reassign <envoy> [bolt]')
    .description('let one bolt serve an envoy whatever patterns say; without a bolt, patterns decide again')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli spanner bolt reassign web-1 bolt2', 'web-1 goes to bolt2'],
        ['vigocli spanner bolt reassign web-1', 'as patterns say'],
      ]),
    )
    .action((envoy: string, to: string | undefined, options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const body = { envoy, ...(to === undefined ? {} : { bolt: to }) }
        await client.call(serverRoutes.reassignEnvoy, body, { signal: interruptSignal() })
        if (options.json) return printJson({ envoy, bolt: to ?? null })
        print(to === undefined ? `Patterns decide who serves ${envoy}.` : `${to} serves ${envoy} from now on.`)
      }),
    )
}
