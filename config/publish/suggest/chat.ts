import { Deadline, formatDuration, formatSize, raceSignal } from '#node/kit'
import { badAnswer, type Delta, deltaOf, wholeAnswerOf } from './chat-answer.ts'
import { connectionError, statusError } from './chat-errors.ts'
import { SuggestError } from './errors.ts'
import type { Message } from './prompt.ts'
import { eventData } from './server-sent-events.ts'
import { type AiSettings, chatUrl } from './settings.ts'

const TIMEOUT_MS = 120_000
const IDLE_MS = 60_000

/** Sixteen times the largest file that is asked about, with JSON around each word. */
const MAX_ANSWER_BYTES = 4 * 2 ** 20

/**
 * Asks a chat model and yields its answer as it comes: `POST /v1/chat/completions` with `stream: true`, as OpenAI, Ollama, vLLM and
 * llama.cpp speak it. An answer in one piece is taken too. Redirects are not followed: the key is for this server only.
 *
 * @throws SuggestError
 */
export async function* chat(
  settings: AiSettings,
  messages: readonly Message[],
  options: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<string> {
  const { timeoutMs = TIMEOUT_MS } = settings
  const url = chatUrl(settings)
  const end = new AbortController()
  using deadline = new Deadline(timeoutMs, 'the answer', options.signal, end.signal)
  const { signal } = deadline
  try {
    const response = await ask(url, settings, messages, signal)
    for await (const text of answerOf(response, settings, signal)) yield text
  } catch (error) {
    options.signal?.throwIfAborted()
    if (signal.aborted) throw tooSlow(`did not finish within ${formatDuration(timeoutMs)}`)
    if (error instanceof SuggestError) throw error
    throw connectionError(error, settings, url)
  } finally {
    // A question that nobody waits for any more, after whatever ended this.
    end.abort()
  }
}

async function ask(
  url: URL,
  settings: AiSettings,
  messages: readonly Message[],
  signal: AbortSignal,
): Promise<Response> {
  const { model, apiKey, idleMs = IDLE_MS } = settings
  const headers = new Headers({ 'content-type': 'application/json', accept: 'text/event-stream' })
  if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`)
  const body = JSON.stringify({ model, messages, stream: true, temperature: 0 })
  const asking = fetch(url, { method: 'POST', headers, body, redirect: 'error', signal })
  return await withinIdle(asking, idleMs, signal)
}

async function* answerOf(response: Response, settings: AiSettings, signal: AbortSignal): AsyncGenerator<string> {
  const chunks = bytesOf(response, settings, signal)
  if (!response.ok) throw statusError(response.status, await textOf(chunks), settings)
  if (response.headers.get('content-type')?.includes('json')) {
    yield accepted(wholeAnswerOf(await textOf(chunks)))
    return
  }
  let isFinished = false
  for await (const data of eventData(chunks)) {
    if (data === '[DONE]') return
    const delta = deltaOf(data)
    isFinished ||= delta.finished !== null
    if (delta.text !== '' || delta.finished === 'length') yield accepted(delta)
  }
  if (!isFinished) throw new SuggestError('bad-answer', 'the AI server ended in the middle of its answer; try again')
}

function accepted({ text, finished }: Delta): string {
  if (finished !== 'length') return text
  throw new SuggestError(
    'too-large',
    'the answer of the AI server was cut off at its limit; use a model with more room for its answer',
  )
}

/** The body, piece by piece, each within its time and all within the limit. The connection is closed when the reader ends early. */
async function* bytesOf(response: Response, settings: AiSettings, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { idleMs = IDLE_MS } = settings
  if (response.body === null) throw badAnswer('an answer without a body')
  const reader = response.body.getReader()
  let length = 0
  try {
    for (;;) {
      const { done, value } = await withinIdle(reader.read(), idleMs, signal)
      if (done) return
      length += value.byteLength
      if (length > MAX_ANSWER_BYTES) {
        throw new SuggestError(
          'too-large',
          `the AI server answered more than ${formatSize(MAX_ANSWER_BYTES)}; use another model`,
        )
      }
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts).toString('utf8')
}

async function withinIdle<T>(work: Promise<T>, idleMs: number, signal: AbortSignal): Promise<T> {
  using idle = new Deadline(idleMs, 'the AI server', signal)
  try {
    return await raceSignal(work, idle.signal)
  } catch (error) {
    if (idle.signal.aborted && !signal.aborted) throw tooSlow(`said nothing for ${formatDuration(idleMs)}`)
    throw error
  }
}

function tooSlow(what: string): SuggestError {
  return new SuggestError('timeout', `the AI server ${what}; try again, or use a smaller model`)
}
