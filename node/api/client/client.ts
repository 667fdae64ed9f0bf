import { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import type { Duplex, Readable } from 'node:stream'
import { codeOf, type VigoError } from '#node/kit'
import type { AnyRoute, BodyOf, ErrorBody, EventOf, Line, ReplyOf } from '../contract.ts'
import { ApiError, RemoteError } from '../errors.ts'
import { explain } from './explain.ts'
import { proveOwner } from './prove-owner.ts'
import { openRawStream } from './raw-stream.ts'
import { requestLine } from './request-line.ts'
import { overNetwork, overSocket, type RemoteServer, type Transport } from './transport.ts'

export interface CallOptions<R extends AnyRoute> {
  signal?: AbortSignal | undefined
  onEvent?: (event: EventOf<R>) => void
  upload?: { stream: Readable; sizeBytes: number }
}

/** An answer that is no stream is not read beyond this. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024

/** Calls a daemon: a local one over its Unix socket, where the caller proves whose process it is, or a server with a token. One instance per command. */
export class ApiClient {
  readonly #transport: Transport
  readonly #what: string
  readonly #token: string | undefined
  #session: Promise<string> | undefined

  /** `what` names the daemon in messages, for example `the vigo agent`. */
  constructor(at: string | RemoteServer, what: string) {
    this.#transport = typeof at === 'string' ? overSocket(at) : overNetwork(at)
    this.#token = typeof at === 'string' ? undefined : at.token
    this.#what = what
  }

  /** @throws ApiError 'not-running', 'broken-answer', 'wrong-certificate'; RemoteError with the other side's code */
  async call<R extends AnyRoute>(route: R, body: BodyOf<R>, options: CallOptions<R> = {}): Promise<ReplyOf<R>> {
    const { signal } = options
    try {
      const response = await this.#send(route, body as Record<string, unknown>, options)
      if (route.event === undefined) return JSON.parse(await textOf(response)) as ReplyOf<R>
      return await this.#readLines(response, options.onEvent)
    } catch (error) {
      throw signal?.aborted ? signal.reason : explain(error, this.#what, this.#transport.where)
    }
  }

  /** Bytes in both directions, from a local daemon. The caller ends the stream. @throws as `call` */
  async openStream(path: string, query: Readonly<Record<string, string>>): Promise<Duplex> {
    try {
      const session = await (this.#session ??= this.#login())
      const target = `${path}?${new URLSearchParams(query).toString()}`
      const opened = await openRawStream(this.#transport.where, target, { authorization: `Bearer ${session}` })
      if (opened instanceof IncomingMessage) throw await refusalOf(opened)
      return opened
    } catch (error) {
      throw explain(error, this.#what, this.#transport.where)
    }
  }

  close(): void {
    this.#transport.close()
  }

  /** Resolves when the other side has accepted the call. A session that ended meanwhile is begun anew, once. */
  async #send<R extends AnyRoute>(
    route: R,
    fields: Record<string, unknown>,
    { signal, upload }: CallOptions<R>,
    isRetry = false,
  ): Promise<IncomingMessage> {
    const { target, body } = requestLine(route, fields)
    const headers = await this.#headers(route)
    const response = await (upload === undefined
      ? this.#sendJson(route.method, target, headers, body, signal)
      : this.#transport.send({
          method: route.method,
          target,
          headers: { ...headers, 'content-type': 'application/octet-stream' },
          payload: upload,
          signal,
        }))
    if (response.statusCode === 200) return response
    const refusal = await refusalOf(response)
    const isEnded = response.statusCode === 401 && this.#token === undefined && this.#session !== undefined
    if (!isEnded || isRetry || upload !== undefined) throw refusal
    this.#session = undefined
    return await this.#send(route, fields, { signal }, true)
  }

  async #headers(route: AnyRoute): Promise<Record<string, string>> {
    if (this.#token !== undefined) return { authorization: `Bearer ${this.#token}` }
    if (route.caller === 'anyone') return {}
    return { authorization: `Bearer ${await (this.#session ??= this.#login())}` }
  }

  async #login(): Promise<string> {
    const challenge = await this.#post('/v1/login/challenge', {})
    const path = String(challenge['path'])
    const answer = await proveOwner(path, () => this.#post('/v1/login', { path }))
    return String(answer['session'])
  }

  async #post(path: string, body: object): Promise<Record<string, unknown>> {
    const response = await this.#sendJson('POST', path, {}, body)
    if (response.statusCode !== 200) throw await refusalOf(response)
    return JSON.parse(await textOf(response)) as Record<string, unknown>
  }

  #sendJson(
    method: string,
    target: string,
    headers: Record<string, string>,
    body: object | undefined,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const typed = text === '' ? headers : { ...headers, 'content-type': 'application/json' }
    return this.#transport.send({ method, target, headers: typed, payload: { text }, signal })
  }

  async #readLines<R extends AnyRoute>(
    response: IncomingMessage,
    onEvent?: (event: EventOf<R>) => void,
  ): Promise<ReplyOf<R>> {
    for await (const text of createInterface({ input: response })) {
      if (text === '') continue
      const line = JSON.parse(text) as Line<EventOf<R>, ReplyOf<R>>
      if ('reply' in line) return line.reply
      if ('error' in line) throw remote(line.error)
      onEvent?.(line.event)
    }
    throw new ApiError('broken-answer', `${this.#what} stopped in the middle of its answer; see its log`)
  }
}

async function refusalOf(response: IncomingMessage): Promise<VigoError> {
  const text = await textOf(response)
  try {
    const body: unknown = JSON.parse(text)
    if (isErrorBody(body)) return remote(body)
  } catch (error) {
    if (codeOf(error) !== undefined) throw error
  }
  return new ApiError(
    'broken-answer',
    `the answer is no Vigo server's (HTTP status ${response.statusCode}); check the address`,
  )
}

function isErrorBody(body: unknown): body is ErrorBody {
  return (
    typeof body === 'object' &&
    body !== null &&
    'code' in body &&
    typeof body.code === 'string' &&
    'message' in body &&
    typeof body.message === 'string'
  )
}

function remote(body: ErrorBody): RemoteError {
  return new RemoteError(body.code, body.message, body.details === undefined ? {} : { context: { ...body.details } })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let sizeBytes = 0
  for await (const part of response) {
    sizeBytes += (part as Buffer).byteLength
    if (sizeBytes > MAX_ANSWER_BYTES) throw new ApiError('broken-answer', 'the answer is too long')
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts).toString('utf8')
}
