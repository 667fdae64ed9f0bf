import { hostname } from 'node:os'
import type { Command } from 'commander'
import { collect, layoutOf, print, printFields, printJson } from '#cli/shell'

export function addInit(program: Command): void {
  program
    .command('init')
    .description('found a fleet on this machine')
    .option('--hostname <name>', 'what this server is called', hostname())
    .option('--listen <multiaddr>', 'where members reach this server (repeatable)', collect, [])
    .option('--enrol-listen <multiaddr>', 'where new machines enrol (repeatable)', collect, [])
    .option('--enrol-address <host:port>', 'what join URLs name (repeatable)', collect, [])
    .option(
      '--api-listen <url>',
      'where REST and dashboard are, https://… or http://127.0.0.1:… (repeatable)',
      collect,
      [],
    )
    .option('--checkin-interval <duration>', 'how often envoys check in (default: 5m)')
    .option('--no-mdns', 'do not look for members on the local network')
    .option('--json', 'print the result as JSON')
    .action(async (options: InitOptions, command: Command) => {
      const { initServer } = await import('#node/vigosrv')
      const founded = await initServer({
        layout: layoutOf(command),
        hostname: options.hostname,
        settings: {
          swarm: {
            curator: { enabled: ['*'] },
            ...(options.listen.length > 0 ? { listen: options.listen } : {}),
            ...(options.mdns ? {} : { mdns: false }),
          },
          enrolment: {
            ...(options.enrolListen.length > 0 ? { listen: options.enrolListen } : {}),
            ...(options.enrolAddress.length > 0 ? { addresses: options.enrolAddress } : {}),
          },
          ...(options.apiListen.length > 0 ? { api: { listen: options.apiListen } } : {}),
          ...(options.checkinInterval === undefined ? {} : { checkin: { interval: options.checkinInterval } }),
        },
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

interface InitOptions {
  hostname: string
  listen: string[]
  enrolListen: string[]
  enrolAddress: string[]
  apiListen: string[]
  checkinInterval?: string
  mdns: boolean
  json?: boolean
}
