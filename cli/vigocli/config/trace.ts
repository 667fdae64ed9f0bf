import type { Command } from 'commander'
import { interruptSignal, printJson } from '#cli/shell'
import { diagnosticJson } from '#config/publish'
import { renderTrace, trace } from '#config/store'
import { exitCodes } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { printReport } from './tell.ts'
import { readTraits, type TraitOptions, withTraits } from './traits.ts'
import { fromOption, loadTree } from './tree-source.ts'

interface TraceFlags extends TraitOptions {
  from?: string
  json?: boolean
}

export function addTrace(config: Command): void {
  withTraits(config.command('trace <host> [configcrate] [attribute]'))
    .description('why a host has what it has: each value, the file and line it comes from, and what it beat')
    .addOption(fromOption())
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config trace web1.example.com', 'which configcrates, and why'],
        ['vigocli config trace web1.example.com nginx', 'every value of one of them'],
        ['vigocli config trace web1.example.com nginx nginx_port', 'one variable, or one attribute'],
        ['vigocli config trace web1.example.com nginx nginx-sites/mode', 'of one resource'],
      ]) +
        '\n\nPlaces are those of your stacks where a file is as it was published, otherwise of the release.' +
        '\nExit code: 3 when the host, the configcrate or the attribute is not there.',
    )
    .action(
      async (
        host: string,
        crate: string | undefined,
        attribute: string | undefined,
        options: TraceFlags,
        command: Command,
      ) => {
        const { store } = await loadTree(command, options.from, interruptSignal())
        const traced = trace(store, host, { traits: await readTraits(options), crate, attribute })
        if (traced.diagnostics.length > 0) process.exitCode = exitCodes.failed
        if (traced.entry === null || traced.note !== '') process.exitCode = exitCodes.notFound
        if (options.json) printJson({ ...traced, diagnostics: traced.diagnostics.map(diagnosticJson) })
        else printReport(renderTrace(traced))
      },
    )
}
