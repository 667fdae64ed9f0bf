import type { Audit, AuditEvent } from '#node/audit'
import { codeOf, messageOf, VigoError } from '#node/kit'

export interface Act {
  readonly action: string
  readonly target: string
  readonly details?: AuditEvent['details']
}

/**
 * Does the work and writes down that it was done, or failed, before anybody is told. `then` says more of what was done, once it is.
 * @throws VigoError 'not-recorded' when the work was done and could not be written down
 */
export async function recorded<T>(
  audit: Audit,
  { name, via }: { readonly name: string; readonly via: AuditEvent['via'] },
  act: Act,
  work: () => Promise<T>,
  then: (result: T) => Partial<Act & Pick<AuditEvent, 'outcome'>> = () => ({}),
): Promise<T> {
  const event = { actor: name, via, details: {}, ...act }
  let result: T
  try {
    result = await work()
  } catch (error) {
    const details = { ...event.details, code: codeOf(error) ?? 'internal' }
    await audit.append({ ...event, outcome: 'failed', details })
    throw error
  }
  const more = then(result)
  const details = { ...event.details, ...more.details }
  try {
    await audit.append({ ...event, outcome: 'done', ...more, details })
  } catch (error) {
    throw new VigoError('not-recorded', `it was done (${act.action}), but is not on record: ${messageOf(error)}`, {
      cause: error,
    })
  }
  return result
}
