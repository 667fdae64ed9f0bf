import type { Command } from 'commander'
import { durationOption, print, printJson, printTable } from '#cli/shell'
import { curatorRoutes, type ShelfItem } from '#node/api'
import { formatSize } from '#node/kit'
import { withAgent } from '../client.ts'

export function addHousekeeping(curator: Command): void {
  curator
    .command('stale')
    .description('pulled files that no tag points at any more, or whose artifact is gone')
    .option('--json', 'print as JSON')
    .action((options: { json?: boolean }, command: Command) =>
      withAgent(
        command,
        async client => {
          const { items } = await client.call(curatorRoutes.stale, {})
          if (options.json) printJson(items)
          else printItems(items, 'Nothing is stale.')
        },
        'curator',
      ),
    )

  curator
    .command('prune')
    .description('remove stale pulled files')
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'print as JSON')
    .action((options: { dryRun?: boolean; json?: boolean }, command: Command) =>
      withAgent(
        command,
        async client => {
          const { items } = await client.call(curatorRoutes.prune, { dryRun: options.dryRun === true })
          if (options.json) return printJson(items)
          printItems(items, 'Nothing is stale.')
          if (items.length > 0)
            print(options.dryRun ? 'Nothing was removed (dry run).' : `${items.length} files were removed.`)
        },
        'curator',
      ),
    )

  curator
    .command('gc')
    .description('free blobs that nothing on this machine asks for')
    .option('--older-than <duration>', 'not used for this long (default: 7d)', durationOption)
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'print as JSON')
    .action((options: { olderThan?: number; dryRun?: boolean; json?: boolean }, command: Command) =>
      withAgent(
        command,
        async client => {
          const { removed, freedBytes } = await client.call(curatorRoutes.collect, {
            dryRun: options.dryRun === true,
            ...(options.olderThan !== undefined && { retentionMs: options.olderThan }),
          })
          if (options.json) return printJson({ removed, freedBytes })
          const verb = options.dryRun ? 'would be freed' : 'freed'
          print(`${removed.length} blobs, ${formatSize(freedBytes)} ${verb}.`)
        },
        'curator',
      ),
    )
}

function printItems(items: readonly ShelfItem[], whenEmpty: string): void {
  printTable(
    ['FILE', 'SIZE', 'WHY'],
    items.map(item => [item.path, formatSize(item.sizeBytes), item.reason ?? '']),
    whenEmpty,
  )
}
