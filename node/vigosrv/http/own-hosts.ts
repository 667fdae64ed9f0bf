import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { HttpError } from './errors.ts'

/** What a request says about where it was sent to, and from where. */
export interface Addressed {
  readonly host: string | undefined
  readonly origin: string | undefined
  /** `Sec-Fetch-Site`, which pages cannot set. */
  readonly site: string | undefined
  /** Somebody followed a link: it opens a page and does nothing, and comes without the session. */
  readonly isNavigation: boolean
}

/**
 * Whether a request is meant for this server and comes from none but its own pages. A page of another site can make a browser send
 * requests here, and can give its own name this server's address (DNS rebinding); it cannot choose `Host` and `Origin`. An address in
 * `Host` is good whichever it is: names are what rebinding needs.
 *
 * @throws HttpError 'forbidden'
 */
export function assertOwn({ host, origin, site, isNavigation }: Addressed, isOwnName: (name: string) => boolean): void {
  const name = nameIn(host)
  if (name === null || !(isIP(name) !== 0 || isOwnName(name))) {
    throw new HttpError(
      'forbidden',
      `this server does not answer for '${(host ?? '').slice(0, 100)}'; use its host name or address, or add the name to api.names of server.yaml`,
    )
  }
  const isForeign =
    (origin !== undefined && URL.parse(origin)?.host !== host?.toLowerCase()) ||
    (site !== undefined && site !== 'same-origin' && site !== 'none' && !isNavigation)
  if (isForeign) throw new HttpError('forbidden', 'requests of pages of other sites are not answered')
}

/** Names that this server goes by: its own, those of the settings, and those that its certificate is for. */
export function ownNames(
  names: readonly string[],
  certificates: () => readonly X509Certificate[],
): (name: string) => boolean {
  const own = new Set(['localhost', ...names.map(name => name.toLowerCase())])
  return name => own.has(name) || certificates().some(certificate => certificate.checkHost(name) !== undefined)
}

/** The host of `host:port`, lower case, an IPv6 address without brackets; null when there is none. */
function nameIn(host: string | undefined): string | null {
  const [, name] = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?$/i.exec(host ?? '') ?? []
  return name === undefined ? null : name.replace(/^\[|\]$/g, '').toLowerCase()
}
