import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { sessionIn } from '../http/authentication.ts'
import { DashboardError } from './errors.ts'

/**
 * Forms carry a word that only pages of the same session know: an HMAC of the session under a key of this process. Another site can
 * make a browser send the cookie, and cannot read the page that has the word.
 */
export class FormGuard {
  readonly #key = randomBytes(32)

  /** For the forms of pages that this `Cookie` header asks for. */
  wordFor(cookie: string | undefined): string {
    return createHmac('sha256', this.#key)
      .update(sessionIn(cookie) ?? '')
      .digest('hex')
  }

  /** @throws DashboardError 'forbidden' */
  check(request: FastifyRequest, given: string | null): void {
    const site = request.headers['sec-fetch-site']
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new DashboardError('forbidden', 'this form was sent from a page of another site; nothing was done')
    }
    const wanted = Buffer.from(this.wordFor(request.headers.cookie))
    const word = Buffer.from(given ?? '')
    if (word.byteLength !== wanted.byteLength || !timingSafeEqual(word, wanted)) {
      throw new DashboardError(
        'forbidden',
        'this form belongs to another session, or to one that ended; open the page again and repeat',
      )
    }
  }
}
