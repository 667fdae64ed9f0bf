import type { Command } from 'commander'
import { print, printJson } from '#cli/shell'
import { examples } from '../examples-text.ts'
import { author, releasesOf } from './places.ts'

export function addFreeze(config: Command): void {
  config
    .command('freeze <until>')
    .description('let nothing be published before a time')
    .option('--reason <text>', 'what others are told', '')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\n<until> is a duration (90m, 3d), a day (2027-01-04, its beginning in UTC) or a time (2027-01-04T18:00:00Z); at most a year.${examples(
        [
          ["vigocli config freeze 3d --reason 'end of quarter'", 'for three days'],
          ['vigocli config rollback --force', 'still possible'],
        ],
      )}`,
    )
    .action(async (until: string, options: { reason: string; json?: boolean }, command: Command) => {
      const freeze = await releasesOf(command).freeze({ until, author: author(), reason: options.reason })
      if (options.json) printJson(freeze)
      else print(`Publishing is frozen until ${freeze.until}. Lift it with: vigocli config unfreeze`)
    })
  config
    .command('unfreeze')
    .description('let be published again')
    .option('--json', 'print as JSON')
    .action(async (options: { json?: boolean }, command: Command) => {
      const wasFrozen = await releasesOf(command).unfreeze()
      if (options.json) printJson({ wasFrozen })
      else print(wasFrozen ? 'Publishing goes on.' : 'Publishing was not frozen.')
    })
}
