import { hostname } from 'node:os'
import type { Command } from 'commander'
import { collect } from '#cli/shell'
import type { initServer } from '#node/vigosrv'

/** What `init` and `join` both ask about a server. */
export interface ServerOptions {
  readonly hostname: string
  readonly listen: string[]
  readonly enrolListen: string[]
  readonly enrolAddress: string[]
  readonly apiListen: string[]
  readonly checkinInterval?: string
  readonly mdns: boolean
  readonly json?: boolean
}

type Settings = NonNullable<Parameters<typeof initServer>[0]['settings']>

export function withServerOptions(command: Command, { interval }: { interval: string }): Command {
  return command
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
    .option('--checkin-interval <duration>', `how often envoys check in (default: ${interval})`)
    .option('--no-mdns', 'do not look for members on the local network')
    .option('--json', 'print the result as JSON')
}

/** Only what was asked for: everything else has its default, or what the fleet has. */
export function settingsOf(options: ServerOptions): Settings {
  const { listen, enrolListen, enrolAddress, apiListen, checkinInterval, mdns } = options
  return {
    swarm: { ...(listen.length > 0 ? { listen } : {}), ...(mdns ? {} : { mdns: false }) },
    enrolment: {
      ...(enrolListen.length > 0 ? { listen: enrolListen } : {}),
      ...(enrolAddress.length > 0 ? { addresses: enrolAddress } : {}),
    },
    ...(apiListen.length > 0 ? { api: { listen: apiListen } } : {}),
    ...(checkinInterval === undefined ? {} : { checkin: { interval: checkinInterval } }),
  }
}
