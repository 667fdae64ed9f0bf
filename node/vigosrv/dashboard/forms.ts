import type { FastifyInstance } from 'fastify'
import { DashboardError } from './errors.ts'

/** Forms have a reason at most. */
const MAX_FORM_BYTES = 16 * 1024

/** Bodies of forms, as `URLSearchParams`. */
export function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MAX_FORM_BYTES },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  )
}

/** @throws DashboardError 'bad-request' */
export function formOf(body: unknown): URLSearchParams {
  if (body instanceof URLSearchParams) return body
  throw new DashboardError('bad-request', 'the form came without its fields; open the page again and repeat')
}

/** A line of text that somebody typed. @throws DashboardError 'bad-request' */
export function lineIn(form: URLSearchParams, name: string, maxLength: number): string {
  const text = (form.get(name) ?? '').trim()
  if (text.length > maxLength) {
    throw new DashboardError('bad-request', `'${name}' has more than ${maxLength} characters; write it shorter`)
  }
  return text.replaceAll(/\p{Cc}+/gu, ' ')
}
