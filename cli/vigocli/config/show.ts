import type { Command } from 'commander'
import { interruptSignal, printJson } from '#cli/shell'
import { formatDiagnostics, formatSeverities } from '#config/publish'
import { compile, compileExample, presentable, renderBundle } from '#config/store'
import { ApiError } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { printReport, tellProblems } from './tell.ts'
import { readTraits, type TraitOptions, withTraits } from './traits.ts'
import { fromOption, InvalidConfigError, loadTree } from './tree-source.ts'

interface ShowFlags extends TraitOptions {
  from?: string
  json?: boolean
}

export function addShow(config: Command): void {
  withTraits(config.command('show <host>'))
    .description('the bundle of a host: everything it has to do, in order, with every value')
    .addOption(fromOption())
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config show web1.example.com', 'as it is live, for an ordinary machine'],
        ['vigocli config show web1.example.com --from stacks', 'as it would be'],
        ['vigocli config show web1 --trait os.family=redhat', 'for a machine of another family'],
      ]) + '\n\nWithout traits those of an ordinary machine are made up, and conditions are left as they are.',
    )
    .action(async (host: string, options: ShowFlags, command: Command) => {
      const { store, title } = await loadTree(command, options.from, interruptSignal())
      const traits = await readTraits(options)
      const result = traits === undefined ? compileExample(store, host) : compile(store, host, traits)
      if (result.outcome === 'unmatched') throw unmatched(host, title)
      if (result.outcome === 'failed') {
        tellProblems(formatDiagnostics(result.diagnostics))
        const count = formatSeverities(result.diagnostics)
        throw new InvalidConfigError(
          'invalid-config',
          `${host} has no bundle: ${count}; it stays as it is until they are mended`,
        )
      }
      if (options.json) printJson(presentable(result.bundle))
      else printReport(renderBundle(result.bundle))
    })
}

export function unmatched(host: string, title: string): ApiError {
  return new ApiError(
    'not-found',
    `no entry of envoys: in ${title} matches '${host.slice(0, 253)}', so that nothing manages it; add an entry whose 'match' fits`,
  )
}
