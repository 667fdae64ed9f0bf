import { isHex } from '#node/kit'
import { RosterError } from './errors.ts'

/**
 * What an operator hands to a new machine:
 *
 *     vigo-join://<host>:<port>[,<host>:<port>…]/<fleet id>/<bolt public key>/<token>
 *
 * Hosts are names, IPv4 addresses or IPv6 addresses in brackets. Fleet id and bolt key are 64 hex digits; whoever answers at
 * the address must prove to hold the bolt key. The form needs no quoting in a shell.
 */
export interface JoinUrl {
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  readonly fleetId: string
  readonly bolt: string
  readonly token: string
}

const SHAPE = /^vigo-join:\/\/([^/]{1,1000})\/([0-9a-f]{64})\/([0-9a-f]{64})\/([0-9a-f]{16}\.[0-9a-f]{64})$/
const ADDRESS = /^(?:\[([0-9a-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253})):(\d{1,5})$/

export function formatJoinUrl(url: JoinUrl): string {
  const hosts = url.addresses.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
  return `vigo-join://${hosts.join(',')}/${url.fleetId}/${url.bolt}/${url.token}`
}

/** @throws RosterError 'malformed' */
export function parseJoinUrl(text: string): JoinUrl {
  const match = SHAPE.exec(text.trim())
  const [, hosts = '', fleetId = '', bolt = '', token = ''] = match ?? []
  if (!match || !isHex(fleetId, 32)) {
    throw new RosterError(
      'malformed',
      'this is not a join URL; copy the whole line that vigosrv token create printed (vigo-join://…)',
    )
  }
  const addresses = hosts.split(',').map(item => {
    const parts = ADDRESS.exec(item)
    const port = Number(parts?.[3])
    if (!parts || port < 1 || port > 65_535)
      throw new RosterError('malformed', `'${item}' in the join URL is not host:port`)
    return { host: parts[1] ?? parts[2] ?? '', port }
  })
  return { addresses, fleetId, bolt, token }
}

/** The multiaddress at which to dial one of the URL's hosts. */
export function joinMultiaddr(address: { host: string; port: number }, peerId: string): string {
  const kind = address.host.includes(':') ? 'ip6' : /^\d+(?:\.\d+){3}$/.test(address.host) ? 'ip4' : 'dns'
  return `/${kind}/${address.host}/tcp/${address.port}/p2p/${peerId}`
}
