import { SuggestError } from './errors.ts'

/** One event is some words of an answer; a line that goes on is a server gone wrong. */
const MAX_LINE_CHARACTERS = 256 * 1024

/**
 * The data of each event of a `text/event-stream` (WHATWG HTML, 9.2.6): events end with an empty line, several `data:` lines are joined,
 * comments and other fields are skipped. An event that the stream ends in is dropped.
 *
 * @throws SuggestError 'bad-answer' for an endless line
 */
export async function* eventData(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = []
  for await (const line of linesOf(chunks)) {
    if (line === '') {
      if (data.length > 0) yield data.join('\n')
      data = []
    } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
  }
}

/** Lines end with CR, LF or both; what follows the last end is no line. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    const text = rest + decoder.decode(chunk, { stream: true })
    // A CR at the end may be the first half of a line ending.
    const complete = text.endsWith('\r') ? text.slice(0, -1) : text
    const lines = complete.split(/\r\n|\r|\n/)
    rest = (lines.pop() ?? '') + text.slice(complete.length)
    if (rest.length > MAX_LINE_CHARACTERS) {
      throw new SuggestError('bad-answer', 'the AI server sent a line without an end; see that ai.base_url is right')
    }
    yield* lines
  }
  if (rest.endsWith('\r')) yield rest.slice(0, -1)
}
