import { codeOf, messageOf } from '#node/kit'
import { errorText } from './chat-answer.ts'
import { SuggestError, type SuggestErrorCode } from './errors.ts'
import { printable } from './printable.ts'
import type { AiSettings } from './settings.ts'

const MAX_WORDS = 300

/** What an answer with a status that is not 200 means. */
export function statusError(status: number, body: string, settings: AiSettings): SuggestError {
  const said = errorText(body)
  const words = said === undefined ? '' : `: ${scrubbed(said, settings)}`
  const [code, what] = meaning(status, settings)
  return new SuggestError(code, `${what} (${status})${words}`, { context: { status } })
}

function meaning(status: number, { model, apiKey }: AiSettings): [SuggestErrorCode, string] {
  if (status === 401 || status === 403) {
    const todo = apiKey === undefined ? 'set ai.api_key' : 'mend ai.api_key'
    return ['refused', `the AI server refuses us; ${todo} in server.yaml`]
  }
  if (status === 404)
    return ['not-found', `the AI server has no such address or no model '${model}'; mend ai.base_url or ai.model`]
  if (status === 413) return ['too-large', 'the AI server finds the question too long; use a model with more context']
  if (status === 429 || status === 503) return ['busy', 'the AI server has too much to do; try again later']
  return ['failed', 'the AI server failed; try again, or look into its log']
}

/** Why no connection came about, or why it broke. */
export function connectionError(error: unknown, settings: AiSettings, url: URL): SuggestError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause
  const why = scrubbed(codeOf(inner) ?? messageOf(inner), settings)
  return new SuggestError('unreachable', `the AI server at ${url.host} cannot be reached (${why}); see ai.base_url`, {
    cause: error,
  })
}

/** One line, without the key, in case a server repeats it. */
function scrubbed(text: string, { apiKey }: AiSettings): string {
  const hidden = apiKey === undefined ? text : text.replaceAll(apiKey, '***')
  return printable(hidden).replace(/\s+/g, ' ').trim().slice(0, MAX_WORDS)
}
