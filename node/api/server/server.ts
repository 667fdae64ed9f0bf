import { chmod, mkdir, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import { dirname } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { isAbort, type Logger, messageOf } from '#node/kit'
import type { AnyRoute, BodyOf, Caller, EventOf, ReplyOf } from '../contract.ts'
import { ApiError, errorBody, statusOf } from '../errors.ts'
import type { UnixLogins, UnixUser } from './unix-logins.ts'

/** Bodies of requests that are not uploads. A catalog entry of 4 MiB in JSON fits. */
const MAX_BODY_BYTES = 9 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 30_000

export interface Call<R extends AnyRoute> {
  readonly body: BodyOf<R>
  readonly user: UnixUser | null
  /** Fires when the caller goes away. */
  readonly signal: AbortSignal
  /** For routes with events. */
  readonly emit: (event: EventOf<R>) => void
  /** For uploads. */
  readonly upload: { readonly bytes: AsyncIterable<Uint8Array>; readonly sizeBytes: number } | null
}

export type Handler<R extends AnyRoute> = (call: Call<R>) => Promise<ReplyOf<R>>
export type Handlers<Routes extends Record<string, AnyRoute>> = { [K in keyof Routes]: Handler<Routes[K]> }

/** @throws ApiError 'unauthorized' or 'forbidden' */
export type Authorise = (caller: Caller, user: UnixUser | null) => Promise<void>

export interface ApiOptions {
  logins: UnixLogins
  authorise: Authorise
  logger: Logger
}

/** An HTTP server of routes; give it to `listenOnSocket`. */
export class Api {
  readonly #app: FastifyInstance<Server>
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
    this.#app = fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true, requestTimeout: 0 })
    this.#app.server.headersTimeout = REQUEST_TIMEOUT_MS
    this.#app.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload))
    this.#app.setNotFoundHandler((_request, reply) => fail(reply, new ApiError('not-found', 'no such route')))
    this.#app.setErrorHandler((error, _request, reply) => fail(reply, asApiError(error)))
    this.#app.post('/v1/login/challenge', async () => options.logins.challenge())
    this.#app.post('/v1/login', async request => {
      const path = (request.body as { path?: unknown } | null)?.path
      if (typeof path !== 'string') throw new ApiError('bad-request', 'path is missing')
      return options.logins.login(path)
    })
  }

  add<Routes extends Record<string, AnyRoute>>(routes: Routes, handlers: Handlers<Routes>): this {
    for (const name of Object.keys(routes)) {
      const route = routes[name]
      const handler = handlers[name]
      if (route !== undefined && handler !== undefined) this.#addRoute(route, handler as unknown as Handler<AnyRoute>)
    }
    return this
  }

  /** Listens until `close`. A socket that a dead process left is replaced. */
  async listenOnSocket(path: string, mode: number): Promise<void> {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    await rm(path, { force: true })
    await this.#app.listen({ path })
    await chmod(path, mode)
  }

  async close(): Promise<void> {
    await this.#app.close()
  }

  #addRoute(route: AnyRoute, handler: Handler<AnyRoute>): void {
    this.#app.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => {
        const user = this.#options.logins.userOf(bearer(request))
        await this.#options.authorise(route.caller, user)
        const gone = new AbortController()
        reply.raw.on('close', () => {
          if (!reply.raw.writableFinished) gone.abort(new ApiError('broken-answer', 'the caller went away'))
        })
        const body = readBody(route, request)
        const call = { body, user, signal: gone.signal, emit: () => undefined, upload: uploadOf(route, request) }
        if (route.event === undefined) return reply.send(await handler(call))
        return this.#stream(reply, emit => handler({ ...call, emit }))
      },
    })
  }

  async #stream(reply: FastifyReply, run: (emit: (event: unknown) => void) => Promise<unknown>): Promise<void> {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const write = (line: object): void => {
      raw.write(`${JSON.stringify(line)}\n`)
    }
    try {
      // Events are dropped while the caller is slow to read; they are progress, and the next one says more.
      write({ reply: await run(event => raw.writableNeedDrain || write({ event })) })
    } catch (error) {
      if (!isAbort(error)) this.#options.logger.debug('call-failed', { reason: messageOf(error) })
      write({ error: errorBody(error) })
    } finally {
      raw.end()
    }
  }
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer ([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')?.[1]
}

function readBody(route: AnyRoute, request: FastifyRequest): unknown {
  const fromQuery = route.method === 'GET' || route.upload === true
  const given = fromQuery ? Value.Convert(route.body, { ...(request.query as object) }) : (request.body ?? {})
  if (Value.Check(route.body, given)) return given
  const [first] = Value.Errors(route.body, given)
  const field = first?.path.slice(1).replaceAll('/', '.') || 'the request'
  throw new ApiError('bad-request', `${field} ${first?.message ?? 'is wrong'}`)
}

function uploadOf(route: AnyRoute, request: FastifyRequest): Call<AnyRoute>['upload'] {
  if (route.upload !== true) return null
  const sizeBytes = Number(request.headers['content-length'])
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new ApiError('bad-request', 'an upload must say its length (Content-Length)')
  }
  return { bytes: request.body as AsyncIterable<Uint8Array>, sizeBytes }
}

function asApiError(error: unknown): unknown {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  return status === 400 || status === 413 || status === 415 ? new ApiError('bad-request', messageOf(error)) : error
}

function fail(reply: FastifyReply, error: unknown): FastifyReply {
  return reply.code(statusOf(error)).send(errorBody(error))
}
