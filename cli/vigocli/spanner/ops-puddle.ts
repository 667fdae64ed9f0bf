import type { Command } from 'commander'
import { interruptSignal, print, printFields, printJson, printTable } from '#cli/shell'
import { serverRoutes } from '#node/api'
import { examples } from '../examples-text.ts'
import { withServer } from '../server/index.ts'

export function addOpsPuddle(spanner: Command): void {
  spanner
    .command('ops-puddle')
    .description('whose signatures make a release live')
    .command('status')
    .description('the keys that may publish: those of the bolts')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\nA bolt signs what it publishes with its own key, which never leaves it. A bolt that joins may publish from then on; one that is removed no more. There is no key to keep, unlock or hand on.${examples(
        [['vigocli spanner ops-puddle status', 'who may publish']],
      )}`,
    )
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const { mode, server, project, bolts } = await client.call(
          serverRoutes.spannerStatus,
          {},
          { signal: interruptSignal() },
        )
        const keys = bolts.map(({ peer, hostname, isFounder }) => ({ key: peer, bolt: hostname, isFounder }))
        if (options.json) return printJson({ mode, project, keys })
        if (mode === 'standalone') {
          print(`${server} stands alone: whoever may write its folders publishes. See vigocli spanner init.`)
          return
        }
        printFields([['stacks', project?.url ?? '']])
        print()
        printTable(
          ['BOLT', 'ROLE', 'KEY'],
          keys.map(({ key, bolt, isFounder }) => [bolt, isFounder ? 'founder' : 'publishes', key]),
          'No keys.',
        )
      }),
    )
}
