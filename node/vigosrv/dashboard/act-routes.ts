import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Principal } from '../http/principal.ts'
import type { Acts } from './acts.ts'
import { DashboardError } from './errors.ts'
import { lineIn } from './forms.ts'
import { withNotice } from './notice.ts'
import { envoysMatching, filterOf } from './pages/envoys/filter.ts'
import type { DashboardParts } from './parts.ts'

export interface ActRoutesOptions {
  readonly acts: Acts
  readonly parts: DashboardParts
  /** Who sent the form, which is of this session. @throws DashboardError 'forbidden', 'bad-request' */
  readonly allow: (request: FastifyRequest) => { readonly principal: Principal; readonly form: URLSearchParams }
}

const MAX_REASON = 1_000

/** Where the forms go. Each answers with the page to look at next. */
export function addActRoutes(app: FastifyInstance, { acts, parts, allow }: ActRoutesOptions): void {
  app.post('/envoys/push', async (request, reply) => {
    const { principal, form } = allow(request)
    const filter = filterOf(form)
    const peers = envoysMatching(parts.fleet.rows(), filter).map(({ peer }) => peer)
    const told = await acts.push(principal, peers, `${peers.length} envoys`)
    return reply.redirect(withNotice('/envoys', 'pushed', told), 303)
  })
  app.post('/envoys/:peer/push', async (request, reply) => {
    const { principal } = allow(request)
    const { peer: reference = '' } = request.params as Record<string, string>
    const { peer, hostname } = parts.fleet.find(reference)
    const told = await acts.push(principal, [peer], hostname)
    return reply.redirect(withNotice(`/envoys/${peer}`, 'pushed', told), 303)
  })
  app.post('/releases/:number/roll-back', async (request, reply) => {
    const { principal, form } = allow(request)
    const { number = '' } = request.params as Record<string, string>
    if (!/^[1-9][0-9]{0,14}$/.test(number)) throw new DashboardError('not-found', 'releases have numbers')
    const reason = lineIn(form, 'reason', MAX_REASON)
    if (reason === '')
      throw new DashboardError('bad-request', 'a roll back needs a reason, for those who read the history')
    const made = await acts.rollBack(principal, { number: Number(number), reason, signal: AbortSignal.timeout(60_000) })
    return reply.redirect(withNotice('/releases', 'rolled-back', made), 303)
  })
  app.post('/tasks/:id/cancel', async (request, reply) => {
    const { principal } = allow(request)
    const { id = '' } = request.params as Record<string, string>
    await acts.cancelTask(principal, id)
    return reply.redirect(withNotice(`/tasks/${encodeURIComponent(id)}`, 'cancelled'), 303)
  })
  app.post('/bolts/:bolt/drain', async (request, reply) => {
    const { principal, form } = allow(request)
    const { bolt = '' } = request.params as Record<string, string>
    if (!/^[0-9a-f]{64}$/.test(bolt)) throw new DashboardError('not-found', 'there is no such bolt')
    const isDraining = lineIn(form, 'draining', 3) === 'yes'
    await acts.drain(principal, bolt, isDraining)
    return reply.redirect(withNotice('/bolts', isDraining ? 'drains' : 'serves'), 303)
  })
  app.post('/rollout/promote', async (request, reply) => {
    await acts.promote(allow(request).principal)
    return reply.redirect(withNotice('/releases', 'promoted'), 303)
  })
  app.post('/rollout/stop', async (request, reply) => {
    await acts.stopCanary(allow(request).principal)
    return reply.redirect(withNotice('/releases', 'stopped'), 303)
  })
}
