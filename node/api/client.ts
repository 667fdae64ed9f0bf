import { Agent, type IncomingMessage, request } from 'node:http'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { codeOf, VigoError } from '#node/kit'
import type { AnyRoute, BodyOf, ErrorBody, EventOf, Line, ReplyOf } from './contract.ts'
import { ApiError, RemoteError } from './errors.ts'
import { proveOwner } from './prove-owner.ts'

export interface CallOptions<R extends AnyRoute> {
  signal?: AbortSignal | undefined
  onEvent?: (event: EventOf<R>) => void
  upload?: { stream: Readable; sizeBytes: number }
}

/** Calls a local daemon over its Unix socket. One instance per command. */
export class ApiClient {
  readonly #socket: string
  readonly #what: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })
  #session: Promise<string> | undefined

  /** `what` names the daemon in messages, for example `the vigo agent`. */
  constructor(socket: string, what: string) {
    this.#socket = socket
    this.#what = what
  }

  /** @throws ApiError 'not-running', RemoteError with the other side's code */
  async call<R extends AnyRoute>(route: R, body: BodyOf<R>, options: CallOptions<R> = {}): Promise<ReplyOf<R>> {
    const session = route.caller === 'anyone' ? undefined : await (this.#session ??= this.#login())
    const headers: Record<string, string> = session === undefined ? {} : { authorization: `Bearer ${session}` }
    const inQuery = route.method === 'GET' || route.upload === true
    const path = inQuery
      ? `${route.path}?${new URLSearchParams(body as Record<string, string>).toString()}`
      : route.path
    const response = options.upload
      ? await this.#send(
          route.method,
          path,
          { ...headers, 'content-type': 'application/octet-stream' },
          options.upload,
          options.signal,
        )
      : await this.#sendJson(route.method, path, headers, inQuery ? undefined : body, options.signal)
    try {
      if (response.statusCode !== 200) throw remote(JSON.parse(await textOf(response)) as ErrorBody)
      if (route.event === undefined) return JSON.parse(await textOf(response)) as ReplyOf<R>
      return await this.#readLines(response, options.onEvent)
    } catch (error) {
      throw options.signal?.aborted ? options.signal.reason : this.#explain(error)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  async #login(): Promise<string> {
    const challenge = await this.#post('/v1/login/challenge', {})
    const path = String(challenge['path'])
    const answer = await proveOwner(path, () => this.#post('/v1/login', { path }))
    return String(answer['session'])
  }

  async #post(path: string, body: object): Promise<Record<string, unknown>> {
    const response = await this.#sendJson('POST', path, {}, body)
    const reply: unknown = JSON.parse(await textOf(response))
    if (response.statusCode !== 200) throw remote(reply as ErrorBody)
    return reply as Record<string, unknown>
  }

  #sendJson(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const sized = text === '' ? headers : { ...headers, 'content-type': 'application/json' }
    return this.#send(method, path, sized, { text, sizeBytes: Buffer.byteLength(text) }, signal)
  }

  #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    payload: { text: string; sizeBytes: number } | { stream: Readable; sizeBytes: number },
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        socketPath: this.#socket,
        agent: this.#agent,
        method,
        path,
        headers: { host: 'vigo', ...headers, 'content-length': String(payload.sizeBytes) },
        ...(signal === undefined ? {} : { signal }),
      })
      let answered = false
      outgoing.on('response', response => {
        answered = true
        resolve(response)
      })
      outgoing.on('error', error => {
        // When the bytes to upload fail, the request only breaks off; the reason is theirs.
        const cause = 'stream' in payload ? (payload.stream.errored ?? error) : error
        reject(signal?.aborted ? signal.reason : this.#explain(cause))
      })
      if ('text' in payload) outgoing.end(payload.text)
      // The daemon may refuse before it has read everything; then its answer counts, not the broken pipe.
      else
        pipeline(payload.stream, outgoing).catch((error: unknown) => setTimeout(() => answered || reject(error), 500))
    })
  }

  async #readLines<R extends AnyRoute>(
    response: IncomingMessage,
    onEvent?: (event: EventOf<R>) => void,
  ): Promise<ReplyOf<R>> {
    for await (const text of createInterface({ input: response })) {
      const line = JSON.parse(text) as Line<EventOf<R>, ReplyOf<R>>
      if ('reply' in line) return line.reply
      if ('error' in line) throw remote(line.error)
      onEvent?.(line.event)
    }
    throw new ApiError('broken-answer', `${this.#what} stopped in the middle of its answer; see its log`)
  }

  #explain(error: unknown): unknown {
    if (error instanceof VigoError) return error
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ECONNREFUSED') {
      return new ApiError(
        'not-running',
        `${this.#what} is not running (nobody listens on ${this.#socket}); start it and try again`,
      )
    }
    if (code === 'EACCES') {
      return new ApiError(
        'forbidden',
        `you may not talk to ${this.#what} (${this.#socket}); use the account that it runs under`,
      )
    }
    if (code === 'ECONNRESET') {
      return new ApiError('broken-answer', `${this.#what} closed the connection; see its log`)
    }
    return error
  }
}

function remote(body: ErrorBody): RemoteError {
  return new RemoteError(body.code, body.message, body.details === undefined ? {} : { context: { ...body.details } })
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of response) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}
