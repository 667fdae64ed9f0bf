import type { ServerResponse } from 'node:http'
import type { Clock, Logger } from '#node/kit'
import { isAbort, messageOf } from '#node/kit'
import { html } from '../html.ts'
import type { Fragment } from '../page.ts'

/** Bursts of events become one update: eyes do not follow more than two a second. */
export const MIN_INTERVAL_MS = 500
/** Without events: relative times move on, and the connection shows that it is alive. */
const TICK_MS = 15_000
/** A page that is costly to render is rendered less often, so that no open page takes more than a tenth of a core. */
const REST_PER_WORK = 9
/** Who does not read for so long has gone. */
const DRAIN_MS = 30_000

export interface StreamOptions {
  readonly fragments: readonly Fragment[]
  readonly response: ServerResponse
  readonly clock: Clock
  readonly logger: Logger
  /** Fires when the stream has to end: the reader left, or the server stops. */
  readonly signal: AbortSignal
  /** Asked before every update; once false, the stream says so and ends. */
  readonly isAllowed: () => boolean
}

/** One open page: sends the fragments that changed, as server-sent events for htmx. Call `wake` when something may have. */
export class LiveStream {
  readonly #options: StreamOptions
  readonly #sent = new Map<string, string>()
  #isDue = true
  #wake: () => void = () => undefined

  constructor(options: StreamOptions) {
    this.#options = options
  }

  wake(): void {
    this.#isDue = true
    this.#wake()
  }

  /** Runs until the reader or the server ends it. The response is hijacked and has its headers. */
  async run(): Promise<void> {
    const { response, clock, logger, signal, isAllowed } = this.#options
    try {
      while (!signal.aborted) {
        if (!isAllowed()) {
          response.write('event: vigo:signed-out\ndata: \n\n')
          break
        }
        this.#isDue = false
        const began = clock.monotonicMs()
        const text = await this.#changes()
        if (signal.aborted) break
        if (!response.write(text === '' ? ': alive\n\n' : text)) await this.#drained()
        const work = clock.monotonicMs() - began
        await this.#sleep(Math.max(MIN_INTERVAL_MS, work * REST_PER_WORK))
        if (!this.#isDue) await this.#sleepUntilWoken()
      }
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) logger.warn('live-page-failed', { reason: messageOf(error) })
    } finally {
      response.end()
    }
  }

  /** Every change in one message; empty when there is none. All fragments the first time, since the document may be older. */
  async #changes(): Promise<string> {
    const changed: string[] = []
    for (const { id, isFixed, render } of this.#options.fragments) {
      if (isFixed === true) continue
      const content = await render()
      const text = content.toString()
      if (this.#sent.get(id) === text) continue
      this.#sent.set(id, text)
      changed.push(html`<hx-partial hx-target="#${id}" hx-swap="outerMorph">${content}</hx-partial>`.toString())
    }
    return changed.length === 0 ? '' : message(changed.join('\n'))
  }

  async #drained(): Promise<void> {
    const { response, clock, signal } = this.#options
    const gaveUp = new AbortController()
    try {
      await Promise.race([
        new Promise<void>(resolve => {
          response.once('drain', resolve)
          response.once('close', resolve)
        }),
        clock.sleep(DRAIN_MS, { signal: AbortSignal.any([signal, gaveUp.signal]) }).then(() => response.destroy()),
      ])
    } finally {
      gaveUp.abort()
    }
  }

  async #sleepUntilWoken(): Promise<void> {
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await this.#sleep(TICK_MS, woken.signal)
    this.#wake = () => undefined
  }

  async #sleep(durationMs: number, ...others: AbortSignal[]): Promise<void> {
    const { clock, signal } = this.#options
    await clock.sleep(durationMs, { signal: AbortSignal.any([signal, ...others]) }).catch((error: unknown) => {
      if (!isAbort(error)) throw error
    })
  }
}

/** A message of server-sent events: the text in lines, each with its field's name. */
export function message(text: string): string {
  return `${text
    .split('\n')
    .map(line => `data: ${line}\n`)
    .join('')}\n`
}
