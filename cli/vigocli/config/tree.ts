import type { Command } from 'commander'
import { interruptSignal, print, printJson } from '#cli/shell'
import { outline, renderFound, renderOutline, search } from '#config/store'
import { exitCodes } from '#node/api/errors'
import { examples } from '../examples-text.ts'
import { printReport } from './tell.ts'
import { fromOption, loadTree } from './tree-source.ts'

interface TreeFlags {
  from?: string
  json?: boolean
}

export function addTree(config: Command): void {
  config
    .command('tree')
    .description('the whole tree as servers see it: entries, roles, configcrates, environments')
    .addOption(fromOption())
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config tree', 'what is live'],
        ['vigocli config tree --from stacks', 'what would be'],
      ]),
    )
    .action(async (options: TreeFlags, command: Command) => {
      const { store, title } = await loadTree(command, options.from, interruptSignal())
      if (options.json) return printJson(outline(store))
      print(title)
      print()
      printReport(renderOutline(outline(store)))
    })
}

export function addSearch(config: Command): void {
  config
    .command('search <pattern>')
    .description('everything whose name has a text or fits a pattern (*), and the entries that match a host')
    .addOption(fromOption())
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      examples([
        ['vigocli config search nginx', 'where nginx is spoken of'],
        ["vigocli config search '*_port'", 'variables, by a pattern'],
        ['vigocli config search web1.example.com', 'entries that match a host'],
      ]) + '\n\nExit code: 3 when nothing is found.',
    )
    .action(async (pattern: string, options: TreeFlags, command: Command) => {
      const { store } = await loadTree(command, options.from, interruptSignal())
      const found = search(store, pattern)
      if (found.length === 0) process.exitCode = exitCodes.notFound
      if (options.json) printJson(found)
      else printReport(renderFound(found))
    })
}
