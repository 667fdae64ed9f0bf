import { SuggestError } from './errors.ts'

export interface Delta {
  readonly text: string
  /** The model has said everything, or may say no more. */
  readonly finished: 'stop' | 'length' | null
}

/**
 * One event of a streamed chat completion: `{"choices":[{"delta":{"content":"…"},"finish_reason":null}]}`. Events without choices, as
 * servers send for usage, say nothing.
 *
 * @throws SuggestError 'failed' for `{"error":…}`, 'bad-answer' for anything else
 */
export function deltaOf(data: string): Delta {
  const choice = choiceOf(data)
  const delta = record(choice?.['delta'])
  return { text: textOf(delta?.['content']), finished: finishOf(choice?.['finish_reason']) }
}

/** The same of an answer in one piece, from servers that do not stream: `{"choices":[{"message":{"content":"…"}}]}`. */
export function wholeAnswerOf(body: string): Delta {
  const choice = choiceOf(body)
  const message = record(choice?.['message'])
  if (message === undefined) throw badAnswer('an answer without a message')
  return { text: textOf(message['content']), finished: finishOf(choice?.['finish_reason']) }
}

/** What a server says that went wrong: `{"error":{"message":"…"}}` or `{"error":"…"}`. */
export function errorText(body: string): string | undefined {
  const error = parsed(body)?.['error']
  const message = record(error)?.['message'] ?? error
  return typeof message === 'string' ? message : undefined
}

function choiceOf(body: string): Record<string, unknown> | undefined {
  const answer = parsed(body)
  if (answer === undefined) throw badAnswer('something that is not JSON')
  if (answer['error'] !== undefined) {
    throw new SuggestError('failed', `the AI server gave up: ${errorText(body) ?? 'it does not say why'}`)
  }
  const choices = answer['choices']
  if (!Array.isArray(choices)) throw badAnswer('an answer without choices')
  return record(choices[0])
}

function finishOf(reason: unknown): Delta['finished'] {
  if (reason === 'length') return 'length'
  return typeof reason === 'string' && reason !== '' ? 'stop' : null
}

function textOf(content: unknown): string {
  return typeof content === 'string' ? content : ''
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    return record(JSON.parse(body))
  } catch {
    return undefined
  }
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
}

export function badAnswer(what: string): SuggestError {
  return new SuggestError(
    'bad-answer',
    `the AI server sent ${what}; see that ai.base_url speaks the OpenAI chat protocol`,
  )
}
