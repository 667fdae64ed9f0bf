import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { hostname } from 'node:os'
import { codeOf, messageOf } from '#node/kit'
import { MetricsError } from './errors.ts'
import type { Instruments } from './instruments.ts'

const MAX_CONNECTIONS = 16
const REQUEST_MS = 10_000

export interface MetricsServer {
  /** With the port that the system chose. */
  readonly address: string
  close(): Promise<void>
}

/**
 * Answers `GET /metrics` in plain HTTP, to whoever can reach the address, and nothing else.
 *
 * @throws MetricsError 'cannot-listen'
 */
export async function serveMetrics(instruments: Instruments, listen: string): Promise<MetricsServer> {
  const { host, port } = addressOf(listen)
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, maxHeaderSize: 8 * 1024 },
    (request, response) => {
      const answer = (status: number, type: string, body: string): void => {
        response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(body)
      }
      if (!isOwn(request.headers.host)) answer(403, 'text/plain', 'this server has another name\n')
      else if (request.method !== 'GET') answer(405, 'text/plain', 'only GET\n')
      else if (request.url !== '/metrics') answer(404, 'text/plain', 'only /metrics is here\n')
      else {
        instruments.text().then(
          text => answer(200, instruments.contentType, text),
          () => answer(500, 'text/plain', 'the metrics cannot be read\n'),
        )
      }
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  await listening(server, host, port, listen)
  return { address: shownAddress(server), close: () => closed(server) }
}

/** Names are what a page of another site could give to this address. */
function isOwn(header: string | undefined): boolean {
  const name = URL.parse(`http://${header ?? ''}`)?.hostname.replace(/^\[|\]$/g, '') ?? ''
  return isIP(name) !== 0 || name === 'localhost' || name === hostname().toLowerCase()
}

function addressOf(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}

async function listening(server: Server, host: string, port: number, listen: string): Promise<void> {
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (error) {
    const why = codeOf(error) === 'EADDRINUSE' ? 'another program has the port' : messageOf(error)
    throw new MetricsError('cannot-listen', `metrics_listen: ${listen} cannot be opened: ${why}`, { cause: error })
  }
}

function shownAddress(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

async function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}
