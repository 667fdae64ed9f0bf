import { open } from 'node:fs/promises'
import { MAX_LINE_BYTES } from './entry.ts'

const BLOCK_BYTES = 64 * 1024
const LINE_BREAK = 0x0a

/** One line of a file. `text` is null where it is longer than any entry. */
export interface Line {
  readonly text: string | null
  /** False for bytes behind the last line break. */
  readonly isWhole: boolean
}

/** Every line, from the first. Holds one block and one line in memory. */
export async function* linesForwards(path: string): AsyncGenerator<Line> {
  await using file = await open(path, 'r')
  let rest = Buffer.alloc(0)
  let isTooLong = false
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES)
    if (bytesRead === 0) break
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
    let start = 0
    for (let end = bytes.indexOf(LINE_BREAK); end >= 0; end = bytes.indexOf(LINE_BREAK, start)) {
      yield { text: isTooLong ? null : bytes.toString('utf8', start, end), isWhole: true }
      isTooLong = false
      start = end + 1
    }
    rest = bytes.subarray(start)
    if (rest.byteLength > MAX_LINE_BYTES) {
      isTooLong = true
      rest = Buffer.alloc(0)
    }
  }
  if (rest.byteLength > 0 || isTooLong) yield { text: isTooLong ? null : rest.toString('utf8'), isWhole: false }
}

/** Whole lines from the last to the first. What is longer than any entry is left out. */
export async function* linesBackwards(path: string): AsyncGenerator<string> {
  await using file = await open(path, 'r')
  let at = (await file.stat()).size
  /** The end of a line whose beginning was not read yet; null behind the last line break, and inside of a line that is too long. */
  let tail: Buffer | null = null
  while (at > 0) {
    const length = Math.min(BLOCK_BYTES, at)
    at -= length
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, at)
    let end = length
    for (let breakAt = buffer.lastIndexOf(LINE_BREAK); breakAt >= 0; ) {
      if (tail !== null) yield Buffer.concat([buffer.subarray(breakAt + 1, end), tail]).toString('utf8')
      tail = Buffer.alloc(0)
      end = breakAt
      breakAt = breakAt === 0 ? -1 : buffer.lastIndexOf(LINE_BREAK, breakAt - 1)
    }
    if (tail !== null) tail = Buffer.concat([buffer.subarray(0, end), tail])
    if (tail !== null && tail.byteLength > MAX_LINE_BYTES) tail = null
  }
  if (tail !== null) yield tail.toString('utf8')
}
