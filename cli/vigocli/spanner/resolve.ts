import type { Command } from 'commander'
import { confirm, interruptSignal, print, printJson } from '#cli/shell'
import { type StacksHead, serverRoutes } from '#node/api'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'
import { short } from '../words.ts'
import { headNamed } from './heads.ts'

interface ResolveFlags {
  take: string
  reason?: string
  yes?: boolean
  json?: boolean
}

export function addResolve(spanner: Command): void {
  spanner
    .command('resolve')
    .description('end a divergence: what one bolt published holds everywhere, the others become history')
    .requiredOption('--take <head>', 'the bolt where it was published, or its commit or release (six digits or more)')
    .option('--reason <text>', 'one line for the history')
    .option('--yes', 'do not ask')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\nNothing is lost: what is not taken stays in the history, and can be rolled back to. Who published it brings it in again with vigocli config pull and publish.${examples(
        [
          ['vigocli spanner resolve --take bolt2', 'what bolt2 has'],
          ['vigocli spanner resolve --take 4f2a91c03b7d --reason "the fix is in it"', 'by commit'],
        ],
      )}`,
    )
    .action((options: ResolveFlags, command: Command) =>
      withServer(command, async client => {
        const signal = interruptSignal()
        const { take, reason } = options
        const { heads } = await client.call(serverRoutes.spannerStatus, {}, { signal })
        const taken = headNamed(heads, take)
        if (taken !== undefined && heads.length > 1) {
          if (!options.json) tellChoice(taken, heads)
          if (mustAsk(options) && !(await confirm('Take it on all bolts?', signal))) {
            print('Nothing was changed.')
            return
          }
        }
        // Who means nothing that is there is told so by the server, with what there is.
        const body = { take: taken?.commit ?? take, ...(reason === undefined ? {} : { reason }) }
        const resolved = await client.call(serverRoutes.spannerResolve, body, { signal })
        if (options.json) return printJson(resolved)
        print(`Release ${short(resolved.entry.release)} is live again everywhere, as number ${resolved.entry.number}.`)
      }),
    )
}

/** In a script the option says it already. */
function mustAsk({ yes = false, json = false }: ResolveFlags): boolean {
  return !yes && !json && process.stdin.isTTY && process.stderr.isTTY
}

function tellChoice(taken: StacksHead, heads: readonly StacksHead[]): void {
  print(`Taken:      ${wordsOf(taken)}`)
  for (const head of heads) if (head.commit !== taken.commit) print(`Not taken:  ${wordsOf(head)}`)
}

function wordsOf({ release, bolt, author, reason, time }: StacksHead): string {
  return `${short(release)}, by ${author} on ${bolt} at ${time.slice(0, 19)}${reason === '' ? '' : `: ${reason}`}`
}
