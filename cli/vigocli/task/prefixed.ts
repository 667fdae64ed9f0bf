import type { TaskProgress } from '#node/api'

type Output = Extract<TaskProgress, { type: 'output' }>

/** What hosts print is cut into lines here, so that lines of different hosts do not run into each other; a longer one is broken. */
const MAX_LINE = 4096

/** What would move the cursor, colour the terminal or ring its bell. */
const UNPRINTABLE = /[\p{Cc}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu

/** Lines of many hosts, each with its host in front. */
export class PrefixedLines {
  readonly #write: (line: string, stream: Output['stream'], hostname: string) => void
  readonly #rests = new Map<string, { hostname: string; stream: Output['stream']; text: string }>()

  constructor(write: (line: string, stream: Output['stream'], hostname: string) => void) {
    this.#write = write
  }

  add({ peer, hostname, stream, text }: Omit<Output, 'type'>): void {
    const key = `${peer} ${stream}`
    const lines = `${this.#rests.get(key)?.text ?? ''}${text}`.split(/\r?\n/)
    let rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line, stream, hostname)
    while (rest.length > MAX_LINE) {
      this.#line(rest.slice(0, MAX_LINE), stream, hostname)
      rest = rest.slice(MAX_LINE)
    }
    this.#rests.set(key, { hostname, stream, text: rest })
  }

  /** Writes what ended without a line break: of one host, or of all. */
  end(peer?: string): void {
    for (const [key, { hostname, stream, text }] of this.#rests) {
      if (peer !== undefined && !key.startsWith(`${peer} `)) continue
      if (text !== '') this.#line(text, stream, hostname)
      this.#rests.delete(key)
    }
  }

  #line(text: string, stream: Output['stream'], hostname: string): void {
    this.#write(text.replaceAll('\t', '    ').replaceAll(UNPRINTABLE, '\ufffd'), stream, hostname)
  }
}
