import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

const ALIVE_MS = 15_000

/** An answer of JSON lines. Empty lines go out while nothing happens, so that both sides notice when the other one is gone. */
export class LineStream implements Disposable {
  readonly #response: ServerResponse
  readonly #gone: AbortSignal
  readonly #alive: NodeJS.Timeout

  constructor(response: ServerResponse, headers: Record<string, string>, gone: AbortSignal) {
    this.#response = response
    this.#gone = gone
    // Whoever went away is known by the signal; what is still written to them is nobody's fault.
    response.on('error', () => undefined)
    response.writeHead(200, { ...headers, 'content-type': 'application/x-ndjson' })
    this.#alive = setInterval(() => this.#live(), ALIVE_MS)
  }

  /** Writes the line, or drops it while the caller is slow to read. */
  offer(line: object): void {
    if (!this.#response.writableNeedDrain) this.write(line)
  }

  /** Writes the line and waits until the caller is ready for more. @throws the reason of the call's signal when it goes away */
  async deliver(line: object): Promise<void> {
    this.#gone.throwIfAborted()
    this.write(line)
    if (this.#response.writableNeedDrain) await once(this.#response, 'drain', { signal: this.#gone })
  }

  write(line: object): void {
    if (!this.#response.destroyed) this.#response.write(`${JSON.stringify(line)}\n`)
  }

  #live(): void {
    const { destroyed, writableNeedDrain } = this.#response
    if (!destroyed && !writableNeedDrain) this.#response.write('\n')
  }

  [Symbol.dispose](): void {
    clearInterval(this.#alive)
    this.#response.end()
  }
}
