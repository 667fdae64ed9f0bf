import type { Command } from 'commander'
import { interruptSignal, printJson, statusLine } from '#cli/shell'
import { diagnosticJson, formatDiagnostics, formatRollback, rollback, treeChecker } from '#config/publish'
import { exitCodes } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { sharedBy } from './bolts/mode.ts'
import { waitOption } from './bolts/wait-option.ts'
import { takeEffect, tellInForce } from './in-force.ts'
import { author, releasesOf } from './places.ts'
import { waitingFor } from './publish.ts'
import { printSummary, tellProblems } from './tell.ts'

export function addRollback(config: Command): void {
  config
    .command('rollback [release]')
    .description('make an old release live again, as a new one (default: what was live before)')
    .option('--reason <text>', 'one line for the history', '')
    .option('--force', 'also while publishing is frozen')
    .addOption(waitOption())
    .option('--no-wait', 'where several servers share the configuration: wait for none of the others')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `\n[release] is a number of 'vigocli config history', or the first six digits or more of a hash. The stacks stay as they are: mend them before the next publish.${examples(
        [
          ["vigocli config rollback --reason 'nginx does not start'", 'to what was live before'],
          ['vigocli config rollback 12', 'to release 12'],
        ],
      )}`,
    )
    .action(run)
}

interface RollbackFlags {
  reason: string
  force?: boolean
  wait: 'all' | 'one' | boolean
  json?: boolean
}

async function run(release: string | undefined, options: RollbackFlags, command: Command): Promise<void> {
  const sight = { line: statusLine(), signal: interruptSignal() }
  const shared = await sharedBy(command, sight.signal)
  if (shared !== null) {
    const { rollBackEverywhere } = await import('./bolts/shared-rollback.ts')
    return await rollBackEverywhere(command, release, options, sight)
  }
  const { line, signal } = sight
  const result = await rollback({
    releases: releasesOf(command),
    checker: treeChecker(),
    author: author(),
    reason: options.reason,
    to: release,
    evenIfFrozen: options.force === true,
    signal,
    onWait: holder => line.show(waitingFor(holder)),
  }).finally(() => line.clear())
  if (result.outcome === 'invalid') process.exitCode = exitCodes.failed
  const isDone = result.outcome === 'rolled-back'
  const inForce = isDone ? await takeEffect(command, result.entry.release, sight) : null
  if (options.json) {
    const diagnostics = result.outcome === 'invalid' ? result.diagnostics.map(diagnosticJson) : []
    return printJson({ ...result, diagnostics, server: inForce })
  }
  const { summary } = formatRollback(result)
  if (isDone) printSummary(summary.split('\n'))
  if (inForce !== null) return tellInForce(inForce)
  if (result.outcome === 'invalid') tellProblems(formatDiagnostics(result.diagnostics))
  process.stderr.write(`${summary}\n`)
}
