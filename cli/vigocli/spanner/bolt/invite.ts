import { type Command, Option } from 'commander'
import { durationOption, interruptSignal, print, printJson } from '#cli/shell'
import { serverRoutes } from '#node/api'
import { formatDuration } from '#node/kit'
import { examples } from '../../examples-text.ts'
import { withServer } from '../../server/index.ts'

interface InviteFlags {
  ttl?: number
  hostname: string
  json?: boolean
}

export function addInvite(bolt: Command): void {
  bolt
    .command('invite')
    .description('print what lets one more server in: for vigosrv join, on that machine')
    .addOption(new Option('--ttl <duration>', 'how long it is good (default: 1h)').argParser(durationOption))
    .option('--hostname <pattern>', 'host names that it is good for', '*')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `\nOn the server that founded the fleet, which alone lets servers in. Good for one machine, once.${examples([
        ['vigocli spanner bolt invite --hostname bolt2.example.com', 'for this one, within the hour'],
      ])}`,
    )
    .action(({ ttl, hostname, json }: InviteFlags, command: Command) =>
      withServer(command, async client => {
        const body = { role: 'bolt' as const, pattern: hostname, ...(ttl === undefined ? {} : { ttlMs: ttl }) }
        const invited = await client.call(serverRoutes.createJoinToken, body, { signal: interruptSignal() })
        if (json) return printJson(invited)
        const leftMs = Math.max(0, invited.token.expiresAt - Date.now())
        process.stderr.write(`On the new server, within ${formatDuration(leftMs)}:\n`)
        print(`vigosrv join '${invited.url}'`)
      }),
    )
}
