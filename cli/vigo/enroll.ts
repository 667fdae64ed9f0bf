import { hostname } from 'node:os'
import type { Command } from 'commander'
import { collect, interruptSignal, layoutOf, print, printFields, printJson } from '#cli/shell'

export function addEnroll(program: Command): void {
  program
    .command('enroll <join-url>')
    .description('make this machine a member of a fleet (URL from vigosrv token create)')
    .option('--hostname <name>', 'what this machine is called in the fleet', hostname())
    .option(
      '--listen <multiaddr>',
      'where other members reach this machine (repeatable; default: port 1531)',
      collect,
      [],
    )
    .option('--json', 'print the result as JSON')
    .action(
      async (joinUrl: string, options: { hostname: string; listen: string[]; json?: boolean }, command: Command) => {
        const { enroll } = await import('#node/envoy')
        const enrolled = await enroll({
          layout: layoutOf(command),
          joinUrl,
          hostname: options.hostname,
          listen: options.listen,
          signal: interruptSignal(),
        })
        if (options.json) return printJson(enrolled)
        print('This machine is a member now.')
        printFields([
          ['fleet', enrolled.fleetId],
          ['host name', enrolled.hostname],
          ['peer', enrolled.peerId],
        ])
        print('Next: vigo agent run')
      },
    )
}
