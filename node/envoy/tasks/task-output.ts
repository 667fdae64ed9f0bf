import { StringDecoder } from 'node:string_decoder'
import { MAX_TASK_OUTPUT_BYTES } from '#node/checkin'
import type { OutputStream } from './runner.ts'

/** Of one message; a text of the protocol has at most 65,536 units. */
const MAX_PIECE_UNITS = 32_768

export interface Piece {
  readonly stream: OutputStream
  readonly text: string
}

/** The output of one command as pieces of text: bounded, characters whole, secrets hidden line by line. */
export class TaskText {
  readonly #mask: (text: string) => string
  readonly #lines: Record<OutputStream, { decoder: StringDecoder; held: string }> = {
    stdout: { decoder: new StringDecoder('utf8'), held: '' },
    stderr: { decoder: new StringDecoder('utf8'), held: '' },
  }
  #roomBytes = MAX_TASK_OUTPUT_BYTES
  #isFull = false

  constructor(mask: (text: string) => string) {
    this.#mask = mask
  }

  /** Whole lines that can be told now; what is behind the last line break waits, because a secret may be cut in it. */
  add(stream: OutputStream, chunk: Buffer): Piece[] {
    if (this.#isFull) return []
    const state = this.#lines[stream]
    state.held += state.decoder.write(chunk)
    const end = state.held.length > MAX_PIECE_UNITS ? state.held.length : state.held.lastIndexOf('\n') + 1
    const text = state.held.slice(0, end)
    state.held = state.held.slice(end)
    return this.#pieces(stream, text)
  }

  /** What is left. */
  end(): Piece[] {
    return (['stdout', 'stderr'] as const).flatMap(stream => {
      const state = this.#lines[stream]
      const text = state.held + state.decoder.end()
      state.held = ''
      return this.#pieces(stream, text)
    })
  }

  #pieces(stream: OutputStream, text: string): Piece[] {
    if (text === '' || this.#isFull) return []
    const pieces: Piece[] = []
    const masked = this.#mask(text)
    for (let at = 0; at < masked.length && !this.#isFull; at += MAX_PIECE_UNITS) {
      const piece = masked.slice(at, at + MAX_PIECE_UNITS)
      const bytes = Buffer.byteLength(piece)
      this.#roomBytes -= bytes
      this.#isFull = this.#roomBytes < 0
      pieces.push({ stream, text: this.#isFull ? FULL : piece })
    }
    return pieces
  }
}

const FULL = `\n[more than ${MAX_TASK_OUTPUT_BYTES / 1024} KiB of output: the rest is not kept]\n`
