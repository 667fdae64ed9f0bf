import type { Instruments } from '#node/metrics'
import type { Authentication, Mount } from '../http/authentication.ts'
import type { Answered } from '../http/server.ts'
import type { ServerInstruments } from './instruments.ts'

/**
 * `GET /metrics` for whoever has a token of any role, or a session: names of releases and sizes of fleets are nobody else's business.
 * There is no way around the token, on loopback neither: every user of the machine is there.
 */
export function metricsMount(instruments: Instruments, auth: Authentication): Mount {
  return app => {
    app.get('/metrics', async (request, reply) => {
      const { authorization, cookie } = request.headers
      if ((auth.ofBearer(authorization, request.ip) ?? auth.ofCookie(cookie)) === null) {
        return reply
          .code(401)
          .header('www-authenticate', 'Bearer')
          .type('text/plain')
          .send("give an API token of role 'viewer': Authorization: Bearer vgot_…\n")
      }
      return reply
        .header('cache-control', 'no-store')
        .type(instruments.contentType)
        .send(await instruments.text())
    })
  }
}

/** Methods and routes are as many as there are routes, whatever is asked for. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** For `onAnswer` of the HTTP server. */
export function answerCounter({ answers, answerSeconds }: ServerInstruments): (answer: Answered) => void {
  return ({ method, route, status, durationMs }) => {
    answers.inc({ method: METHODS.has(method) ? method : 'other', route, status: String(status) })
    if (durationMs !== null) answerSeconds.observe(durationMs / 1000)
  }
}
