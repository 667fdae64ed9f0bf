import { type NetworkInterfaceInfo, networkInterfaces, hostname as systemName } from 'node:os'
import type { Collector } from './collector.ts'
import { optional } from './os.ts'

const MAX_INTERFACES = 64

/** `network.hostname` is what the machine is called in its fleet, which is what `match:` is compared with. */
export const networkCollector: Collector = {
  name: 'network',
  freshness: 'volatile',
  collect: async host => {
    const interfaces = Object.entries(networkInterfaces())
      .filter(
        (entry): entry is [string, NetworkInterfaceInfo[]] => entry[1]?.some(({ internal }) => !internal) === true,
      )
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, MAX_INTERFACES)
    const all = interfaces.flatMap(([, addresses]) => addresses)
    const route = routeOf((await host.text('/proc/net/route')) ?? '')
    const first = interfaces.find(([name]) => name === route)?.[1] ?? all
    return {
      network: {
        hostname: host.hostname,
        fqdn: fqdnOf(host.hostname, (await host.text('/etc/hosts')) ?? ''),
        system_hostname: systemName(),
        ...optional('ip', first.find(({ family }) => family === 'IPv4')?.address ?? first[0]?.address),
        addresses: all.filter(({ address }) => !address.startsWith('fe80:')).map(({ address }) => address),
        interfaces: Object.fromEntries(
          interfaces.map(([name, addresses]) => [
            name.slice(0, 64),
            { mac: addresses[0]?.mac ?? '', addresses: addresses.map(({ cidr, address }) => cidr ?? address) },
          ]),
        ),
      },
    }
  },
}

/** The interface of the default route. */
function routeOf(table: string): string | undefined {
  return table
    .split('\n')
    .map(line => line.split('\t'))
    .find(([, destination]) => destination === '00000000')?.[0]
}

/** A name with dots: its own, or the one that the hosts file gives it. */
export function fqdnOf(name: string, hosts: string): string {
  if (name.includes('.')) return name
  for (const line of hosts.split('\n')) {
    const [, ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    const found = names.includes(name) ? names.find(each => each.startsWith(`${name}.`)) : undefined
    if (found !== undefined) return found
  }
  return name
}
