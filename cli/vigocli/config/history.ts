import { type Command, InvalidArgumentError, Option } from 'commander'
import { paint, printJson, printTable } from '#cli/shell'
import { type HistoryEntry, shortHash } from '#config/store'
import { examples } from '../examples-text.ts'
import { releasesOf } from './places.ts'
import { tellWarning } from './tell.ts'

export function addHistory(config: Command): void {
  config
    .command('history')
    .description('what went live, when, by whom and why; the newest first')
    .addOption(new Option('--limit <n>', 'how many releases').argParser(limitOption).default(20))
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli config history --limit 5', 'the last five']]))
    .action(async (options: { limit: number; json?: boolean }, command: Command) => {
      const releases = releasesOf(command)
      const { entries, damaged } = await releases.history({ limit: options.limit })
      const live = await releases.live()
      if (options.json) return printJson({ live, entries, damaged })
      const isLive = (entry: HistoryEntry, at: number): boolean =>
        entry.release === live && entries.findIndex(({ release }) => release === live) === at
      printTable(
        ['', 'NUMBER', 'RELEASE', 'TIME', 'AUTHOR', 'WHAT', 'CHANGES', 'REASON'],
        entries.map((entry, at) => [
          isLive(entry, at) ? paint('green', '*') : ' ',
          String(entry.number),
          shortHash(entry.release),
          `${entry.time.slice(0, 16).replace('T', ' ')}Z`,
          entry.author,
          entry.restores === null ? entry.kind : `${entry.kind} to ${entry.restores}`,
          `+${entry.changes.added} ~${entry.changes.changed} -${entry.changes.removed}`,
          entry.reason,
        ]),
        'Nothing was published yet. Publish the stacks with: vigocli config publish',
      )
      if (damaged.length > 0) tellWarning(`damaged files in the history: ${damaged.slice(0, 5).join(', ')}`)
    })
}

function limitOption(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('must be a whole number of at least 1')
  return limit
}
