import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyServerOptions } from 'fastify'
import { codeOf, VigoError } from '#node/kit'
import { ApiError, errorBody, statusOf } from '../errors.ts'

/** As long as all headers may be: schemas bound what is in a path, and say so only to those who may call. */
const MAX_SEGMENT_LENGTH = 16_384
const HEADERS_TIMEOUT_MS = 15_000

export interface AppOptions {
  /** Of bodies that are not uploads. */
  readonly maxBodyBytes: number
  /** How long a whole request may take to arrive; 0 for servers with uploads. */
  readonly requestTimeoutMs: number
  readonly serverFactory?: FastifyServerOptions['serverFactory']
}

/** An HTTP server without routes: its limits, and one form of error whatever goes wrong. */
export function createApp(options: AppOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: options.maxBodyBytes,
    forceCloseConnections: true,
    requestTimeout: options.requestTimeoutMs,
    routerOptions: { maxParamLength: MAX_SEGMENT_LENGTH },
    frameworkErrors: (error, _request, reply) => void fail(reply as FastifyReply, asApiError(error)),
    clientErrorHandler: refuseBroken,
    ...(options.serverFactory === undefined ? {} : { serverFactory: options.serverFactory }),
  })
  app.server.headersTimeout = HEADERS_TIMEOUT_MS
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('application/octet-stream', (request, payload, done) => {
    const { config } = request.routeOptions
    const isUpload = 'isUpload' in config && config.isUpload === true
    if (isUpload) done(null, payload)
    else done(new ApiError('unsupported-type', 'send JSON (Content-Type: application/json)'))
  })
  app.setErrorHandler((error, _request, reply) => fail(reply, asApiError(error)))
  return app
}

export function fail(reply: FastifyReply, error: unknown): FastifyReply {
  return reply.code(statusOf(error)).send(errorBody(error))
}

/** What Fastify refuses, as one of our errors. */
export function asApiError(error: unknown): unknown {
  if (error instanceof VigoError || !(error instanceof Error)) return error
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (status === 413) return new ApiError('too-large', 'the body is longer than is read')
  if (status === 415) return new ApiError('unsupported-type', 'send JSON (Content-Type: application/json)')
  if (status === 400 || codeOf(error) === 'FST_ERR_BAD_URL') return new ApiError('bad-request', error.message)
  return error
}

/** What is not HTTP, too long or too slow is answered on the bare connection. */
function refuseBroken(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const refusal = brokenRequest(error.code)
  const status = statusOf(refusal)
  const body = JSON.stringify(errorBody(refusal))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function brokenRequest(code: string | undefined): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') return new ApiError('too-large', 'the headers are longer than is read')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new ApiError('too-slow', 'the request did not arrive in time')
  return new ApiError('bad-request', 'this is not HTTP')
}
