import type { Command } from 'commander'
import { interruptSignal, print, printJson } from '#cli/shell'
import { serverRoutes } from '#node/api'
import { noteBase } from '../config/bolts/shared-publish.ts'
import { examples } from '../examples-text.ts'
import { isRemote } from '../server/connection.ts'
import { withServer } from '../server/index.ts'

export function addInit(spanner: Command): void {
  spanner
    .command('init')
    .description('make the server that founded the fleet the first of several; its history goes with it')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\nIts releases become commits of the project 'stacks', which every bolt keeps. Nothing changes for envoys. There is no way back.${examples(
        [['vigocli spanner init', 'then: vigocli spanner bolt invite']],
      )}`,
    )
    .action((options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const status = await client.call(serverRoutes.spannerInit, {}, { signal: interruptSignal() })
        // The sources here are those of the releases that went along.
        if (status.head !== null && !isRemote(command)) await noteBase(command, status.head)
        if (options.json) return printJson(status)
        print(`${status.server} is the first bolt; its releases are in ${status.project?.url ?? 'the stacks'}.`)
        print('Let another server in with: vigocli spanner bolt invite')
      }),
    )
}
