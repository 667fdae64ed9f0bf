import type { Command } from 'commander'
import { layoutOf, print, printFields, printJson } from '#cli/shell'
import { type ServerOptions, settingsOf, withServerOptions } from './server-options.ts'

export function addInit(program: Command): void {
  const init = program.command('init').description('found a fleet on this machine')
  withServerOptions(init, { interval: '5m' }).action(async (options: ServerOptions, command: Command) => {
    const { initServer } = await import('#node/vigosrv')
    const settings = settingsOf(options)
    const founded = await initServer({
      layout: layoutOf(command),
      hostname: options.hostname,
      settings: { ...settings, swarm: { curator: { enabled: ['*'] }, ...settings.swarm } },
    })
    if (options.json) return printJson(founded)
    print('Founded a fleet.')
    printFields([
      ['fleet', founded.fleetId],
      ['server', founded.hostname],
      ['peer', founded.peerId],
      ['settings', founded.serverYaml],
    ])
    print(
      'Next: vigosrv run; then vigosrv token create lets machines enrol, and vigocli token create people and programs in',
    )
  })
}
