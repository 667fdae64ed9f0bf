import { type Command, Option } from 'commander'
import { interruptSignal, printJson } from '#cli/shell'
import type { ApiClient, BodyOf, ReplyOf } from '#node/api'
import { serverRoutes } from '#node/api'
import { allEnvoys, tellEnvoys } from '../../envoys/list.ts'
import { pushOf, tellPushed } from '../../envoys/push.ts'
import { tellRuns } from '../../envoys/runs.ts'
import { examples } from '../../examples-text.ts'
import { countOption } from '../../options.ts'
import { withServer } from '../../server/index.ts'

/** What the ordinary verbs ask of the own server, asked of another one. */
export function addAsking(bolt: Command): void {
  addEnvoys(bolt)
  addRuns(bolt)
  addPush(bolt)
}

function addEnvoys(bolt: Command): void {
  bolt
    .command('envoys <bolt>')
    .description('envoys as another bolt sees them')
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli spanner bolt envoys bolt2', 'as vigocli envoys list there']]))
    .action((name: string, options: { json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const signal = interruptSignal()
        const rows = await allEnvoys(body => ask(client, name, 'envoys', body, signal))
        if (options.json) printJson(rows)
        else tellEnvoys(rows)
      }),
    )
}

function addRuns(bolt: Command): void {
  bolt
    .command('runs <bolt> <envoy>')
    .description('what an envoy reported to another bolt, the newest first')
    .addOption(new Option('--limit <n>', 'how many runs').argParser(countOption).default(20))
    .option('--json', 'print as JSON')
    .addHelpText('after', examples([['vigocli spanner bolt runs bolt2 web-1', 'as vigocli envoys runs there']]))
    .action((name: string, envoy: string, options: { limit: number; json?: boolean }, command: Command) =>
      withServer(command, async client => {
        const { limit, json } = options
        const { runs } = await ask(client, name, 'runs', { envoy, limit }, interruptSignal())
        if (json) printJson(runs)
        else tellRuns(envoy, runs)
      }),
    )
}

function addPush(bolt: Command): void {
  bolt
    .command('push <bolt> [envoy...]')
    .description('make envoys that another bolt serves check in now')
    .option('--all', 'all that it serves')
    .option('--reason <text>', 'what the agents log', '')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', examples([['vigocli spanner bolt push bolt2 --all', 'everybody there']]))
    .action(
      (name: string, envoys: string[], options: { all?: boolean; reason: string; json?: boolean }, command: Command) =>
        withServer(command, async client => {
          const pushed = await ask(client, name, 'push', pushOf(envoys, options), interruptSignal())
          if (options.json) printJson(pushed)
          else tellPushed(pushed)
        }),
    )
}

type Askable = 'envoys' | 'runs' | 'push'

/** Through the server that was named: that one knows the other, and is known to it. */
async function ask<N extends Askable>(
  client: ApiClient,
  bolt: string,
  route: N,
  body: BodyOf<(typeof serverRoutes)[N]>,
  signal: AbortSignal,
): Promise<ReplyOf<(typeof serverRoutes)[N]>> {
  const { reply } = await client.call(serverRoutes.askBolt, { bolt, route, body: { ...body } }, { signal })
  return reply as ReplyOf<(typeof serverRoutes)[N]>
}
