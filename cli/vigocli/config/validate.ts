import type { Command } from 'commander'
import { interruptSignal, print, printJson, statusLine } from '#cli/shell'
import {
  diagnosticJson,
  formatCounts,
  formatDiagnostics,
  formatSeverities,
  treeChecker,
  validateFolder,
} from '#config/publish'
import { exitCodes } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { placesOf } from './places.ts'
import { tellProblems } from './tell.ts'

export function addValidate(config: Command): void {
  config
    .command('validate')
    .description('everything that is wrong with the stacks; reads them only, and asks no URL')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config validate', 'the stacks of this machine'],
        ['vigocli config validate --stacks .', 'a checkout, in a CI job'],
      ]),
    )
    .action(async (options: { json?: boolean }, command: Command) => {
      const { stacks } = placesOf(command)
      const line = statusLine()
      line.show(`checking ${stacks}`)
      const signal = interruptSignal()
      const verdict = await validateFolder(stacks, { checker: treeChecker(), signal }).finally(() => line.clear())
      const { diagnostics, diagnosticsLeftOut, counts, hasErrors, unformatted } = verdict
      if (hasErrors) process.exitCode = exitCodes.failed
      if (options.json) {
        printJson({
          valid: !hasErrors,
          counts,
          diagnostics: diagnostics.map(diagnosticJson),
          diagnosticsLeftOut,
          unformatted,
        })
        return
      }
      tellProblems(formatDiagnostics(diagnostics, diagnosticsLeftOut))
      if (hasErrors) process.stderr.write(`Validation failed: ${formatSeverities(diagnostics)}\n`)
      else print(`Validation passed: ${formatCounts(counts)}`)
    })
}
