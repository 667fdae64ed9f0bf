import { isIP } from 'node:net'
import { networkInterfaces, hostname as systemHostname } from 'node:os'
import type { Clock, Layout, Logger } from '#node/kit'
import type { ServerSettings } from '#node/member'
import type { Mount } from './authentication.ts'
import { loadCertificate } from './certificate.ts'
import { DEFAULT_LISTEN, parseListen } from './listen-url.ts'
import { type Answered, HttpServer } from './server.ts'

export interface OpenHttpOptions {
  readonly layout: Layout
  /** As they are now: `reload` asks again for the files of the certificate. */
  readonly settings: () => ServerSettings
  readonly mounts: readonly Mount[]
  readonly onAnswer?: (answer: Answered) => void
  readonly clock: Clock
  readonly logger: Logger
}

/** REST and dashboard where `api:` of server.yaml says. @throws HttpError 'bad-settings', 'bad-certificate', 'cannot-listen' */
export async function openHttp(options: OpenHttpOptions): Promise<HttpServer> {
  const { layout, settings, mounts, onAnswer, clock, logger } = options
  const { hostname, api } = settings()
  const addresses = parseListen(api?.listen ?? DEFAULT_LISTEN, layout.serverYaml)
  const names = [...new Set([hostname, systemHostname().toLowerCase(), ...(api?.names ?? [])])]
  const certificate = () =>
    loadCertificate({
      layout,
      files: settings().api?.tls,
      names: [...names, 'localhost'],
      addresses: ownAddresses(addresses.map(({ host }) => host)),
      now: clock.now(),
      logger,
    })
  const http = await HttpServer.start({ addresses, names, certificate, mounts, onAnswer, logger })
  for (const listener of http.listeners()) logger.info('api-open', listener)
  return http
}

/** What the own certificate names beside host names: addresses that are listened on, and loopback. */
function ownAddresses(listening: readonly string[]): string[] {
  const isAny = listening.some(host => host === '0.0.0.0' || host === '::')
  const interfaces = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  // Link-local addresses change with the interface; a certificate for them would not last.
  const stable = interfaces.filter(({ address }) => !address.startsWith('fe80:')).map(({ address }) => address)
  const concrete = listening.filter(host => isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::')
  return [...new Set(['127.0.0.1', '::1', ...concrete, ...(isAny ? stable : [])])]
}
