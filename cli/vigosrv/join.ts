import type { Command } from 'commander'
import { interruptSignal, layoutOf, print, printFields, printJson } from '#cli/shell'
import { type ServerOptions, settingsOf, withServerOptions } from './server-options.ts'

export function addJoin(program: Command): void {
  const join = program
    .command('join <join-url>')
    .description('make this machine a further server of a fleet (URL from vigosrv token create --role bolt)')
  withServerOptions(join, { interval: 'that of the fleet' })
    .addHelpText(
      'after',
      '\nThe URL is made on the server that founded the fleet. May be repeated until it succeeded.\n\nExamples:\n  $ vigosrv join vigo-join://bolt1.example.com:1530/… --hostname bolt2.example.com --enrol-address bolt2.example.com:1530',
    )
    .action(async (joinUrl: string, options: ServerOptions, command: Command) => {
      const { joinAsServer } = await import('#node/vigosrv')
      const joined = await joinAsServer({
        layout: layoutOf(command),
        joinUrl,
        hostname: options.hostname,
        settings: settingsOf(options),
        signal: interruptSignal(),
      })
      if (options.json) return printJson(joined)
      print('This machine is a server of the fleet now.')
      printFields([
        ['fleet', joined.fleetId],
        ['server', joined.hostname],
        ['peer', joined.peerId],
        ['settings', joined.serverYaml],
      ])
      print('Next: vigosrv run')
    })
}
