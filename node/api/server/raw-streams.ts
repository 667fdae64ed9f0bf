import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { isAbort, type Logger, messageOf } from '#node/kit'
import type { Caller } from '../contract.ts'
import { ApiError, errorBody, statusOf } from '../errors.ts'
import type { UnixUser } from './unix-logins.ts'

/** Bytes in both directions instead of a request and an answer, for protocols that are somebody else's: git's. */
export interface RawStream {
  readonly path: string
  readonly caller: Caller
  /** Called when the caller may; the connection answers `101` when the opener asks for it, and is ended when the promise settles. */
  readonly accept: (call: RawCall) => Promise<void>
}

export interface RawCall {
  readonly query: URLSearchParams
  readonly user: UnixUser | null
  /** Answers the caller that it may go on. Before this a refusal is an ordinary answer. */
  readonly open: () => Duplex
  /** Fires when the caller goes away. */
  readonly signal: AbortSignal
}

export interface RawFace {
  identify(session: string | undefined): UnixUser | null
  authorise(caller: Caller, user: UnixUser | null): Promise<void>
  readonly logger: Logger
}

/** What an upgraded connection speaks, as the `Upgrade` header names it. */
export const RAW_PROTOCOL = 'vigo-raw'

export function serveRawStreams(app: FastifyInstance, streams: ReadonlyMap<string, RawStream>, face: RawFace): void {
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void serveOne(request, socket, head)
  })

  async function serveOne(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const gone = new AbortController()
    socket.on('error', () => gone.abort(new ApiError('broken-answer', 'the caller went away')))
    socket.on('close', () => gone.abort(new ApiError('broken-answer', 'the caller went away')))
    let isOpen = false
    try {
      const url = new URL(request.url ?? '/', 'http://vigo')
      const stream = streams.get(url.pathname)
      if (stream === undefined || request.headers.upgrade !== RAW_PROTOCOL) {
        throw new ApiError('not-found', 'no such stream')
      }
      const session = /^Bearer ([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')?.[1]
      const user = face.identify(session)
      await face.authorise(stream.caller, user)
      const open = (): Duplex => {
        isOpen = true
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${RAW_PROTOCOL}\r\n\r\n`)
        if (head.byteLength > 0) socket.unshift(head)
        return socket
      }
      await stream.accept({ query: url.searchParams, user, open, signal: gone.signal })
      socket.end()
    } catch (error) {
      if (!isAbort(error)) face.logger.debug('stream-failed', { reason: messageOf(error) })
      if (isOpen) socket.destroy()
      else refuse(socket, error)
    }
  }
}

function refuse(socket: Duplex, error: unknown): void {
  const status = statusOf(error)
  const body = JSON.stringify(errorBody(error))
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
