import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { type Clock, type Logger, TaskGroup } from '#node/kit'
import type { FleetEvent } from '../../fleet/types.ts'
import type { Page } from '../page.ts'
import { LiveStream } from './stream.ts'

/** Open pages of everybody together, and of one session: each costs a rendering now and then. */
const MAX_STREAMS = 128
const MAX_PER_SESSION = 16
const RETRY_MS = 30_000

export interface StreamsOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly onEvent: (listener: (event: FleetEvent) => void) => () => void
  /** What every page may show. */
  readonly onConfig: (listener: () => void) => () => void
}

interface Open {
  readonly stream: LiveStream
  readonly session: string
  readonly page: Page
  readonly stop: AbortController
}

/** All open pages. Their number is bounded, and closing ends them. */
export class LiveStreams {
  readonly #options: StreamsOptions
  readonly #open = new Set<Open>()
  readonly #tasks: TaskGroup
  readonly #unsubscribe: readonly (() => void)[]
  #isClosed = false

  constructor(options: StreamsOptions) {
    this.#options = options
    this.#tasks = new TaskGroup(() => undefined)
    this.#unsubscribe = [
      options.onEvent(event => this.#wake(page => page.wakesOn?.(event) ?? true)),
      options.onConfig(() => this.#wake(() => true)),
    ]
  }

  get count(): number {
    return this.#open.size
  }

  /** Takes the reply over and answers it with the page's changes, until the reader leaves. `stop` is fired then, too. */
  serve(
    page: Page,
    reply: FastifyReply,
    options: { session: string; isAllowed: () => boolean; stop: AbortController },
  ): void {
    reply.hijack()
    const { raw } = reply
    const headers: OutgoingHttpHeaders = {
      ...(reply.getHeaders() as OutgoingHttpHeaders),
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    }
    raw.writeHead(200, headers)
    const { session, stop, isAllowed } = options
    const ofSession = [...this.#open].filter(open => open.session === session).length
    if (this.#isClosed || this.#open.size >= MAX_STREAMS || ofSession >= MAX_PER_SESSION) {
      raw.end(`retry: ${RETRY_MS}\nevent: vigo:full\ndata: \n\n`)
      return
    }
    const { clock, logger } = this.#options
    const stream = new LiveStream({
      fragments: page.fragments,
      response: raw,
      clock,
      logger,
      signal: stop.signal,
      isAllowed,
    })
    const open: Open = { stream, session, page, stop }
    this.#open.add(open)
    raw.once('close', () => {
      this.#open.delete(open)
      stop.abort()
    })
    this.#tasks.run(() => stream.run())
    const { follow } = page
    if (follow !== undefined) this.#tasks.run(() => follow(() => stream.wake(), stop.signal))
  }

  /** Ends every stream. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    for (const { stop } of this.#open) stop.abort()
    await this.#tasks.settled()
  }

  #wake(concerns: (page: Page) => boolean): void {
    for (const { page, stream } of this.#open) if (concerns(page)) stream.wake()
  }
}
