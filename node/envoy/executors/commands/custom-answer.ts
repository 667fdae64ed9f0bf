/*
 * The protocol of a custom executor's script.
 *
 * It is started without arguments once for each question. Standard input is one JSON object, `{"params": {…}, "dry_run": true | false}`:
 * the attributes as the author wrote them, without `timeout`. Standard output is one JSON object, `{"action", "changed", "error"}`: the
 * action is None, Created, Updated, Deleted, Skipped or Blocked, in any case; `changed` says whether something was, or in a dry run would
 * be changed; `error` is a sentence, empty or null when there is none. Standard error is for people. The exit code is 0.
 *
 * With `dry_run` the script changes nothing. It may be asked at any time and in any state, and after it has changed something it answers
 * to a dry run that nothing would be changed.
 */
export interface CustomAnswer {
  readonly action: string
  readonly changed: boolean
  readonly error: string
}

const MAX_TEXT = 2000

/** Null for what is no answer. Lines before the answer are overlooked, as scripts print them. */
export function answerOf(stdout: string): CustomAnswer | null {
  const text = stdout.trim()
  const value = parsed(text) ?? parsed(text.slice(text.lastIndexOf('\n') + 1))
  if (typeof value !== 'object' || value === null) return null
  const { action, changed, error } = value as Record<string, unknown>
  if (typeof changed !== 'boolean' && typeof action !== 'string') return null
  if (error !== undefined && error !== null && typeof error !== 'string') return null
  const name = typeof action === 'string' ? action.toLowerCase().slice(0, 64) : ''
  const isChanged = typeof changed === 'boolean' ? changed : /^(?:created|updated|deleted)$/.test(name)
  return { action: name, changed: isChanged, error: (error ?? '').slice(0, MAX_TEXT) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
