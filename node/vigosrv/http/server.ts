import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ApiError } from '#node/api'
import { createApp, fail } from '#node/api/server'
import { codeOf, type Logger, messageOf } from '#node/kit'
import type { Mount } from './authentication.ts'
import { fingerprintOf, type ServerCertificate } from './certificate.ts'
import { HttpError } from './errors.ts'
import { type ListenAddress, urlOf } from './listen-url.ts'
import { assertOwn, ownNames } from './own-hosts.ts'

export interface Answered {
  readonly method: string
  readonly route: string
  readonly status: number
  /** Until it was ready to be sent; null for streams. */
  readonly durationMs: number | null
}

export interface HttpServerOptions {
  readonly addresses: readonly ListenAddress[]
  /** Host names that the server goes by. */
  readonly names: readonly string[]
  /** For `https` addresses; asked again by `reload`. */
  readonly certificate: () => Promise<ServerCertificate>
  /** REST, dashboard, metrics. */
  readonly mounts: readonly Mount[]
  /** After each answer of any mount. `route` is its pattern; empty when nothing answers there. */
  readonly onAnswer?: ((answer: Answered) => void) | undefined
  /** How long a caller has to send a whole request. Default: half a minute. */
  readonly requestTimeoutMs?: number
  readonly logger: Logger
}

const MAX_BODY_BYTES = 1024 * 1024
const REQUEST_TIMEOUT_MS = 30_000
const HANDSHAKE_TIMEOUT_MS = 10_000
const CHECK_CONNECTIONS_MS = 2_000
const MAX_CONNECTIONS = 4096
const MAX_HEADER_BYTES = 16 * 1024

/** One application behind several listeners. */
export class HttpServer {
  readonly #app: FastifyInstance
  readonly #options: HttpServerOptions
  readonly #servers: { readonly server: Server | TlsServer; readonly address: ListenAddress }[] = []
  #certificate: ServerCertificate | null = null

  private constructor(options: HttpServerOptions) {
    this.#options = options
    this.#app = createApp({ maxBodyBytes: MAX_BODY_BYTES, requestTimeoutMs: 0 })
  }

  /** @throws HttpError 'bad-certificate', 'cannot-listen' */
  static async start(options: HttpServerOptions): Promise<HttpServer> {
    const server = new HttpServer(options)
    try {
      await server.#open()
      return server
    } catch (error) {
      await server.close()
      throw error
    }
  }

  /** Where it listens, with the ports that the system chose. */
  listeners(): { readonly url: string; readonly fingerprint: string | null }[] {
    return this.#servers.map(({ server, address }) => {
      const { port } = server.address() as AddressInfo
      const isSecure = address.scheme === 'https' && this.#certificate !== null
      return {
        url: urlOf({ ...address, port }),
        fingerprint: isSecure && this.#certificate !== null ? fingerprintOf(this.#certificate.certificate) : null,
      }
    })
  }

  /** Null when no listener is `https`. */
  get certificate(): ServerCertificate | null {
    return this.#certificate
  }

  /** Shows the certificate that is in the files now; connections that are open keep the one they saw. @throws HttpError 'bad-certificate' */
  async reload(): Promise<void> {
    if (this.#certificate === null) return
    const fresh = await this.#options.certificate()
    const secure = this.#servers.filter(({ address }) => address.scheme === 'https')
    for (const { server } of secure) (server as TlsServer).setSecureContext(tlsOf(fresh))
    this.#certificate = fresh
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map(({ server }) => closed(server)))
    await this.#app.close()
  }

  async #open(): Promise<void> {
    const { addresses, certificate, mounts } = this.#options
    if (addresses.some(({ scheme }) => scheme === 'https')) this.#certificate = await certificate()
    this.#guard()
    for (const mount of mounts) this.#app.register(async scope => mount(scope))
    await this.#app.ready()
    const listener: RequestListener = (request, response) => this.#app.routing(request, response)
    for (const address of addresses) {
      const server = this.#create(address.scheme, listener)
      server.maxConnections = MAX_CONNECTIONS
      server.on('clientError', (error, socket) => this.#app.server.emit('clientError', error, socket))
      await listening(server, address)
      this.#servers.push({ server, address })
    }
  }

  #create(scheme: ListenAddress['scheme'], listener: RequestListener): Server | TlsServer {
    const timeoutMs = this.#options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
    const limits = {
      requestTimeout: timeoutMs,
      headersTimeout: timeoutMs / 2,
      connectionsCheckingInterval: Math.min(CHECK_CONNECTIONS_MS, timeoutMs / 4),
      maxHeaderSize: MAX_HEADER_BYTES,
    }
    if (scheme === 'http' || this.#certificate === null) return createServer(limits, listener)
    return createTlsServer({ ...limits, ...tlsOf(this.#certificate), handshakeTimeout: HANDSHAKE_TIMEOUT_MS }, listener)
  }

  #guard(): void {
    const { names, onAnswer } = this.#options
    const isOwnName = ownNames(names, () => (this.#certificate === null ? [] : [this.#certificate.certificate]))
    this.#app.addHook('onRequest', async request => {
      const { host, origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers
      const isNavigation = mode === 'navigate' && request.method === 'GET'
      assertOwn({ host, origin, site: site === undefined ? undefined : String(site), isNavigation }, isOwnName)
    })
    const ready = new WeakMap<object, number>()
    this.#app.addHook('onSend', async (request, reply) => {
      ready.set(request, reply.elapsedTime)
      if (!reply.hasHeader('x-content-type-options')) void reply.header('x-content-type-options', 'nosniff')
    })
    this.#app.addHook('onResponse', async (request, { statusCode }) => {
      const { method, routeOptions } = request
      const durationMs = ready.get(request) ?? null
      onAnswer?.({ method, route: routeOptions.url ?? '', status: statusCode, durationMs })
    })
    // What exists is said to those who may know; the mounts answer for what is theirs.
    this.#app.setNotFoundHandler((_request, reply) => fail(reply, new ApiError('unauthorized', 'log in first')))
  }
}

function tlsOf({ pem, key }: ServerCertificate): { cert: string; key: string; minVersion: 'TLSv1.2' } {
  return { cert: pem, key, minVersion: 'TLSv1.2' }
}

async function listening(server: Server | TlsServer, address: ListenAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host: address.host, port: address.port }, resolve)
  try {
    await promise
  } catch (error) {
    const why = codeOf(error) === 'EADDRINUSE' ? 'another program has the port' : messageOf(error)
    throw new HttpError('cannot-listen', `api.listen: ${urlOf(address)} cannot be opened: ${why}`, { cause: error })
  }
  server.off('error', reject)
}

async function closed(server: Server | TlsServer): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}
