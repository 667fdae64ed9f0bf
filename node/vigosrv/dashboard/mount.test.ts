import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeServer } from './fixture.ts'
import { dashboardOf } from './mount.ts'
import { rolledBackFleet } from './story/fixture.ts'

let server: FakeServer
let app: FastifyInstance

beforeEach(async () => {
  server = await FakeServer.create()
  app = fastify()
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ code: 'not-found' }))
  app.register(async scope => dashboardOf(server.parts, server.auth)(scope))
  await app.ready()
})

afterEach(async () => {
  await app.close()
  await server[Symbol.asyncDispose]()
})

const cookieOf = (token: string): string => `vigo_session=${server.auth.login(token)?.value}`

async function wordOf(cookie: string): Promise<string> {
  const { body } = await app.inject({ url: '/', headers: { cookie } })
  return /name="csrf" value="([0-9a-f]{64})"/.exec(body)?.[1] ?? 'none'
}

async function post(url: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  return await app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  })
}

/** A form as the page of the session would send it. */
async function submit(url: string, token: string, fields: Record<string, string> = {}) {
  const cookie = cookieOf(token)
  return await post(url, { csrf: await wordOf(cookie), ...fields }, { cookie })
}

describe('every answer', () => {
  test('forbids everything that is not this site’s own', async () => {
    const cookie = cookieOf('vgot_viewer')
    const { body } = await app.inject({ url: '/', headers: { cookie } })
    const assets = [...body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '')
    expect(new Set(assets).size).toBe(3)
    for (const url of ['/', '/sign-in', '/nothing', '/envoys/nobody', ...assets]) {
      const { headers } = await app.inject({ url, headers: { cookie } })
      expect(headers['content-security-policy'], url).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      )
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['referrer-policy']).toBe('same-origin')
      expect(headers['cache-control']).toBe(
        url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-store',
      )
    }
  })

  test('refers to nothing elsewhere, and has no inline script or style', async () => {
    await rolledBackFleet(server)
    const cookie = cookieOf('vgot_operator')
    for (const url of [
      '/',
      '/envoys',
      '/releases/3',
      '/tasks',
      '/artifacts',
      '/bolts',
      '/projects',
      '/audit',
      '/sign-in',
    ]) {
      const { body } = await app.inject({ url, headers: { cookie } })
      expect(body, url).not.toMatch(/(?:src|href|action)="(?:https?:)?\/\//)
      expect(body, url).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle="|\son\w+="/)
    }
  })

  test('leaves unknown paths of the API to the API', async () => {
    expect((await app.inject('/api/v1/nothing')).json()).toEqual({ code: 'not-found' })
    expect((await app.inject({ url: '/nothing', headers: { cookie: cookieOf('vgot_viewer') } })).statusCode).toBe(404)
  })
})

describe('signing in', () => {
  test('is asked of everybody, and leads to the page that was wanted', async () => {
    const asked = await app.inject('/envoys?status=failed')
    expect([asked.statusCode, asked.headers.location]).toEqual([303, '/sign-in?to=%2Fenvoys%3Fstatus%3Dfailed'])
    const form = await app.inject(String(asked.headers.location))
    expect(form.body).toContain('name="to" value="/envoys?status=failed"')
    const done = await post('/sign-in', { token: 'vgot_viewer', to: '/envoys?status=failed' })
    expect([done.statusCode, done.headers.location]).toEqual([303, '/envoys?status=failed'])
    expect(done.headers['set-cookie']).toMatch(/^vigo_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict$/)
  })

  test('with a wrong token answers 401, and the token is not in the answer', async () => {
    const refused = await post('/sign-in', { token: 'vgot_guess', to: '/' })
    expect(refused.statusCode).toBe(401)
    expect(refused.headers['set-cookie']).toBeUndefined()
    expect(refused.body).toContain('role="alert"')
    expect(refused.body).not.toContain('vgot_guess')
  })

  test('never leads to another site', async () => {
    for (const to of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', '/\tx', '']) {
      expect((await post('/sign-in', { token: 'vgot_viewer', to })).headers.location, to).toBe('/')
    }
  })

  test('ends with signing out', async () => {
    const cookie = cookieOf('vgot_viewer')
    expect((await post('/sign-out', { csrf: 'wrong' }, { cookie })).statusCode).toBe(403)
    const out = await post('/sign-out', { csrf: await wordOf(cookie) }, { cookie })
    expect([out.statusCode, out.headers.location]).toEqual([303, '/sign-in'])
    expect(out.headers['set-cookie']).toContain('Max-Age=0')
    expect((await app.inject({ url: '/', headers: { cookie } })).statusCode).toBe(303)
  })
})

const ACTS = [
  '/envoys/push',
  '/envoys/web01.example.com/push',
  '/releases/1/roll-back',
  '/rollout/promote',
  '/rollout/stop',
  '/tasks/b3f1c2d4e5a60718/cancel',
  `/bolts/${'a'.repeat(64)}/drain`,
]

describe('forms', () => {
  test('of nobody, of another session, of another site or without the word do nothing', async () => {
    await rolledBackFleet(server)
    const cookie = cookieOf('vgot_operator')
    const own = await wordOf(cookie)
    const other = await wordOf(cookieOf('vgot_operator'))
    const live = server.parts.policy.release
    const entries = server.audit.length
    for (const url of ACTS) {
      const attempts = [
        await post(url, { csrf: own, reason: 'x' }),
        await post(url, { reason: 'x' }, { cookie }),
        await post(url, { csrf: other, reason: 'x' }, { cookie }),
        await post(url, { csrf: own, reason: 'x' }, { cookie, 'sec-fetch-site': 'cross-site' }),
      ]
      expect(
        attempts.map(({ statusCode }) => statusCode),
        url,
      ).toEqual([403, 403, 403, 403])
    }
    expect(server.parts.policy.release).toBe(live)
    const done = [server.fleet.pushed, server.rollout.acts, server.tasks.aborted, server.bolts.acts]
    expect(done).toEqual([[], [], [], []])
    expect(server.audit.length).toBe(entries)
  })

  test('of a viewer do nothing, and the attempt is on record', async () => {
    await rolledBackFleet(server)
    for (const url of ACTS) {
      const before = server.audit.length
      expect((await submit(url, 'vgot_viewer', { reason: 'x' })).statusCode, url).toBe(403)
      expect(server.audit[0]).toMatchObject({ actor: 'wallboard', via: 'session', outcome: 'refused' })
      expect(server.audit.length).toBe(before + 1)
    }
    const done = [server.fleet.pushed, server.rollout.acts, server.tasks.aborted, server.bolts.acts]
    expect(done).toEqual([[], [], [], []])
  })

  test('that are too large, or no forms, are refused', async () => {
    const cookie = cookieOf('vgot_operator')
    expect((await post('/envoys/push', { csrf: 'x'.repeat(20_000) }, { cookie })).statusCode).toBe(413)
    const headers = { cookie, 'content-type': 'application/json' }
    expect((await app.inject({ method: 'POST', url: '/envoys/push', headers, payload: '{}' })).statusCode).toBe(400)
  })
})

describe('an operator', () => {
  test('asks the envoys that a filter leaves to check in', async () => {
    await rolledBackFleet(server)
    const done = await submit('/envoys/push', 'vgot_operator', { status: 'degraded' })
    expect([done.statusCode, done.headers.location]).toEqual([303, '/envoys?done=pushed&count=1'])
    expect(server.fleet.pushed).toEqual([server.fleet.find('db1.example.com').peer])
    expect(server.audit[0]).toMatchObject({
      action: 'envoy.push',
      actor: 'anna',
      outcome: 'done',
      details: { envoys: 1 },
    })
  })

  test('makes an old release live again, with a reason', async () => {
    await rolledBackFleet(server)
    expect((await submit('/releases/1/roll-back', 'vgot_operator', { reason: ' ' })).statusCode).toBe(400)
    const done = await submit('/releases/1/roll-back', 'vgot_operator', { reason: 'the motd of old' })
    expect([done.statusCode, done.headers.location]).toEqual([303, '/releases?done=rolled-back&count=5'])
    const [newest] = (await server.parts.releases.history()).entries
    expect(newest).toMatchObject({
      number: 5,
      kind: 'rollback',
      restores: 1,
      author: 'anna',
      reason: 'the motd of old',
    })
    expect(server.parts.policy.release).toBe(newest?.release)
    expect(server.audit[0]).toMatchObject({ action: 'config.rollback', outcome: 'done', details: { number: 5 } })
  })

  test('is told why when that does not work, and it is on record', async () => {
    await rolledBackFleet(server)
    const twice = await submit('/releases/2/roll-back', 'vgot_operator', { reason: 'again' })
    expect(twice.statusCode).toBe(409)
    expect(twice.body).toContain('is live already')
    expect(server.audit[0]).toMatchObject({
      action: 'config.rollback',
      outcome: 'failed',
      details: { code: 'already-live' },
    })
  })

  test('sends the envoys of a bolt to others, and lets them come back', async () => {
    await rolledBackFleet(server)
    const bolt = server.bolts.status?.bolts[1]?.peer ?? ''
    for (const [draining, done] of [
      ['yes', 'drains'],
      ['no', 'serves'],
    ] as const) {
      const { statusCode, headers } = await submit(`/bolts/${bolt}/drain`, 'vgot_operator', { draining })
      expect([statusCode, headers.location]).toEqual([303, `/bolts?done=${done}&count=0`])
    }
    expect(server.bolts.acts).toEqual([`drain ${bolt}`, `undrain ${bolt}`])
    expect(server.audit[0]).toMatchObject({ action: 'bolt.undrain', target: bolt, outcome: 'done' })
    expect((await submit('/bolts/bolt2/drain', 'vgot_operator', { draining: 'yes' })).statusCode).toBe(404)
  })

  test('decides about canaries, and stops tasks', async () => {
    await rolledBackFleet(server)
    expect((await submit('/rollout/promote', 'vgot_operator')).headers.location).toBe('/releases?done=promoted&count=0')
    expect((await submit('/rollout/stop', 'vgot_operator')).headers.location).toBe('/releases?done=stopped&count=0')
    expect(server.rollout.acts).toEqual(['promote by anna', 'stop by anna'])
    await submit('/tasks/9c0de5aa71b2f364/cancel', 'vgot_operator')
    expect(server.tasks.aborted).toEqual(['9c0de5aa71b2f364'])
  })
})

test('what breaks in the server stays there: the browser gets a sentence', async () => {
  server.fleet.counts = () => {
    throw new TypeError('secret path /var/lib/vigo')
  }
  const { statusCode, body } = await app.inject({ url: '/', headers: { cookie: cookieOf('vgot_viewer') } })
  expect(statusCode).toBe(500)
  expect(body).not.toContain('/var/lib/vigo')
  expect(body).toContain('its log says why')
})
