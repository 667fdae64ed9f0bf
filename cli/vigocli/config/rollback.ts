import type { Command } from 'commander'
import { interruptSignal, printJson, statusLine } from '#cli/shell'
import { diagnosticJson, formatDiagnostics, formatRollback, rollback, treeChecker } from '#config/publish'
import { exitCodes } from '#node/api'
import { examples } from './examples-text.ts'
import { author, releasesOf } from './places.ts'
import { waitingFor } from './publish.ts'
import { printSummary, tellProblems } from './tell.ts'

export function addRollback(config: Command): void {
  config
    .command('rollback [release]')
    .description('make an old release live again, as a new one (default: what was live before)')
    .option('--reason <text>', 'one line for the history', '')
    .option('--force', 'also while publishing is frozen')
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
    .action(
      async (
        release: string | undefined,
        options: { reason: string; force?: boolean; json?: boolean },
        command: Command,
      ) => {
        const line = statusLine()
        const result = await rollback({
          releases: releasesOf(command),
          checker: treeChecker(),
          author: author(),
          reason: options.reason,
          to: release,
          evenIfFrozen: options.force === true,
          signal: interruptSignal(),
          onWait: holder => line.show(waitingFor(holder)),
        }).finally(() => line.clear())
        if (result.outcome === 'invalid') process.exitCode = exitCodes.failed
        if (options.json) {
          const diagnostics = result.outcome === 'invalid' ? result.diagnostics.map(diagnosticJson) : []
          return printJson({ ...result, diagnostics })
        }
        const { summary } = formatRollback(result)
        if (result.outcome === 'rolled-back') return printSummary(summary.split('\n'))
        tellProblems(formatDiagnostics(result.diagnostics))
        process.stderr.write(`${summary}\n`)
      },
    )
}
