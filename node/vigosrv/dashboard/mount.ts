import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { statusOf } from '#node/api'
import { messageOf, VigoError } from '#node/kit'
import { type Authentication, type Mount, noSessionCookie, sessionCookie, sessionIn } from '../http/authentication.ts'
import type { Principal } from '../http/principal.ts'
import { addActRoutes } from './act-routes.ts'
import { Acts } from './acts.ts'
import { Assets } from './assets.ts'
import { DashboardError } from './errors.ts'
import { FormGuard } from './form-guard.ts'
import { acceptForms, formOf } from './forms.ts'
import { type Html, html } from './html.ts'
import { document, plainDocument } from './layout.ts'
import { LiveStreams } from './live/streams.ts'
import type { Fragment, PageOf, Visit } from './page.ts'
import { pagesOf } from './pages/index.ts'
import { ownPath, signInForm } from './pages/sign-in.ts'
import type { DashboardParts } from './parts.ts'
import { problemBanner } from './problem-banner.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

/** The pages, their live streams, their forms and what they load. */
export function dashboardOf(parts: DashboardParts, auth: Authentication): Mount {
  return app => new Dashboard(parts, auth).mount(app)
}

class Dashboard {
  readonly #parts: DashboardParts
  readonly #auth: Authentication
  readonly #assets = new Assets()
  readonly #guard = new FormGuard()
  readonly #acts: Acts
  readonly #streams: LiveStreams

  constructor(parts: DashboardParts, auth: Authentication) {
    this.#parts = parts
    this.#auth = auth
    this.#acts = new Acts(parts)
    this.#streams = new LiveStreams({
      clock: parts.clock,
      logger: parts.logger,
      onEvent: listener => parts.fleet.onEvent(listener),
      onConfig: listener => {
        const ends = [parts.policy.onChange(listener), parts.bolts.onChange(listener)]
        return () => {
          for (const end of ends) end()
        }
      },
    })
  }

  mount(app: FastifyInstance): void {
    app.addHook('onRequest', async (_request, reply) => void reply.headers(SECURITY_HEADERS))
    // Before the server waits for its connections: streams end by nothing else.
    app.addHook('preClose', async () => this.#streams.close())
    app.setErrorHandler((error, request, reply) => this.#fail(error, request, reply))
    acceptForms(app)
    this.#assets.serve(app)
    for (const [path, page] of Object.entries(pagesOf(this.#parts))) {
      app.get(path, (request, reply) => this.#answer(page, request, reply))
    }
    this.#addSigning(app)
    addActRoutes(app, {
      acts: this.#acts,
      parts: this.#parts,
      allow: request => this.#formOfPrincipal(request),
    })
    app.get('/*', (request, reply) => {
      if (request.url.startsWith('/api/')) return reply.callNotFound()
      throw new DashboardError('not-found', 'there is no such page')
    })
  }

  async #answer(pageOf: PageOf, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const principal = this.#auth.ofCookie(request.headers.cookie)
    const wantsStream = request.headers.accept?.includes('text/event-stream') === true
    if (principal === null) {
      if (wantsStream) return reply.type('text/event-stream').send('event: vigo:signed-out\ndata: \n\n')
      return reply.redirect(`/sign-in?to=${encodeURIComponent(ownPath(request.url))}`, 303)
    }
    const left = new AbortController()
    reply.raw.once('close', () => left.abort())
    const visit = this.#visit(request, principal, left.signal)
    const page = await pageOf(visit)
    if (!wantsStream) return send(reply, await document(page, visit, this.#assets))
    const problem: Fragment = {
      id: 'problem',
      render: () => problemBanner(this.#parts, page),
    }
    this.#streams.serve({ ...page, fragments: [problem, ...page.fragments] }, reply, {
      session: sessionIn(request.headers.cookie) ?? '',
      isAllowed: () => this.#auth.ofCookie(request.headers.cookie) !== null,
      stop: left,
    })
    return reply
  }

  #visit(request: FastifyRequest, principal: Principal, signal: AbortSignal): Visit {
    return {
      parts: this.#parts,
      principal,
      csrf: this.#guard.wordFor(request.headers.cookie),
      url: new URL(request.url, 'http://localhost'),
      params: request.params as Record<string, string>,
      signal,
    }
  }

  #addSigning(app: FastifyInstance): void {
    app.get('/sign-in', (request, reply) => {
      const to = ownPath(new URL(request.url, 'http://localhost').searchParams.get('to'))
      return this.#auth.ofCookie(request.headers.cookie) === null
        ? this.#sendSignIn(reply, to, '')
        : reply.redirect(to, 303)
    })
    app.post('/sign-in', (request, reply) => {
      const form = formOf(request.body)
      const to = ownPath(form.get('to'))
      let problem = 'That token is not known here, expired, or was revoked.'
      try {
        const session = this.#auth.login((form.get('token') ?? '').slice(0, 1000), request.ip)
        if (session !== null) {
          void reply.header('set-cookie', sessionCookie(session.value, { isSecure: isSecure(request) }))
          return reply.redirect(to, 303)
        }
        void reply.code(401)
      } catch (error) {
        if (!(error instanceof VigoError)) throw error
        void reply.code(statusOf(error))
        problem = error.message
      }
      return this.#sendSignIn(reply, to, problem)
    })
    app.post('/sign-out', (request, reply) => {
      this.#guard.check(request, formOf(request.body).get('csrf'))
      this.#auth.logout(request.headers.cookie)
      void reply.header('set-cookie', noSessionCookie({ isSecure: isSecure(request) }))
      return reply.redirect('/sign-in', 303)
    })
  }

  /** @throws DashboardError 'forbidden', 'bad-request' */
  #formOfPrincipal(request: FastifyRequest): { principal: Principal; form: URLSearchParams } {
    const principal = this.#auth.ofCookie(request.headers.cookie)
    if (principal === null) throw new DashboardError('forbidden', 'your session has ended; sign in and repeat')
    const form = formOf(request.body)
    this.#guard.check(request, form.get('csrf'))
    return { principal, form }
  }

  #sendSignIn(reply: FastifyReply, to: string, problem: string): FastifyReply {
    return send(reply, this.#plain('Sign in', signInForm({ to, problem })))
  }

  #plain(title: string, body: Html): Html {
    return plainDocument({ title, assets: this.#assets, hostname: this.#parts.hostname, body })
  }

  /** What is not ours is for the log, and a sentence without details for the browser. */
  #fail(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const error = refusal(thrown)
    const status = statusOf(error)
    const isOurs = error instanceof VigoError
    if (!isOurs && status >= 500) {
      this.#parts.logger.error('page-failed', { path: request.url.split('?')[0], reason: messageOf(error) })
    }
    const title = status === 404 ? 'Not found' : status === 403 ? 'Not allowed' : 'That did not work'
    const sentence = isOurs ? messageOf(error) : 'The server could not make this page; its log says why.'
    const body = html`<section class="card failure"><h1>${title}</h1><p>${sentence}</p><p><a class="button" href="/">To the overview</a></p></section>`
    return send(reply.code(status), this.#plain(title, body))
  }
}

function send(reply: FastifyReply, page: Html): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page.toString())
}

/** What Fastify refuses, in words of ours. */
function refusal(error: unknown): unknown {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
  if (status === 413) return new DashboardError('too-large', 'the form is longer than is read; write less')
  if (status === 400 || status === 415) return new DashboardError('bad-request', 'this is not a form of these pages')
  return error
}

function isSecure(request: FastifyRequest): boolean {
  return 'encrypted' in request.raw.socket && request.raw.socket.encrypted === true
}
