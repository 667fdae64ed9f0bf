import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publish, treeChecker } from '#config/publish'
import { configHome, Releases, releasePlaces } from '#config/store'
import { type ApiClient, serverRoutes } from '#node/api'
import { ask, errorIn } from '../http/fixture.ts'
import { TestServer } from './fixture.ts'

let server: TestServer
let viewer: string
let operator: string
let admin: string
let web1: string

beforeAll(async () => {
  server = await TestServer.start()
  viewer = (await server.token('viewer')).token
  operator = (await server.token('operator')).token
  admin = (await server.token('admin')).token
  web1 = await server.enrol('web1')
})
afterAll(async () => await server[Symbol.asyncDispose]())

const post = (path: string, body: unknown = {}, token = admin) =>
  server.ask(token, {
    method: 'POST',
    path,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  })
const get = (path: string, token = viewer) => server.ask(token, { path })

async function newestAudit(count = 1) {
  const { entries } = await server.admin.call(serverRoutes.audit, { limit: count })
  return entries.map(({ actor, via, action, target, outcome }) => [actor, via, action, target, outcome].join(' '))
}

const releases = () => new Releases({ places: releasePlaces(configHome(server.layout.root)) })

async function published(content: string): Promise<string> {
  const { stacks } = releases().places
  await mkdir(join(stacks, 'configcrates'), { recursive: true })
  await writeFile(join(stacks, 'envoys.vgo'), "envoys:\n  - match: 'web*'\n    configcrates: [motd]\n")
  await writeFile(
    join(stacks, 'configcrates/motd.vgo'),
    `name: motd\nresources:\n  - name: motd\n    type: file\n    target_path: /etc/motd\n    owner: root\n    group: root\n    mode: '0644'\n    content: '${content}'\n`,
  )
  const result = await publish({ releases: releases(), checker: treeChecker(), author: 'alice', reason: 'a test' })
  if (result.outcome !== 'published') throw new Error(JSON.stringify(result))
  return result.entry.release
}

describe('without a good token', () => {
  const paths = [
    '/api/v1/status',
    '/api/v1/envoys/web1',
    '/api/v1/envoys/web1/nothing',
    '/api/v1/tokens',
    '/api/v1/openapi.json',
    '/api/v1/nothing',
    '/api/',
    '/api/v2/status',
    '/api/v1/envoys/..%2f..%2ftokens',
    '/api/v1/%2e%2e/v1/tokens',
    '/%61pi/v1/tokens',
    '/api//v1/tokens',
    '/api/v1/tokens/',
    `/api/v1/envoys/${'x'.repeat(2000)}`,
  ]

  test.each(['GET', 'POST', 'DELETE', 'PUT', 'HEAD', 'OPTIONS'])(
    '%s tells nothing: what exists looks like what does not',
    async method => {
      const answers = new Set<string>()
      for (const path of paths) {
        const { status, text } = await ask(server.http, { method, path, body: method === 'POST' ? '{"x":' : '' })
        answers.add(`${status} ${text}`)
      }
      expect([...answers].every(answer => answer.startsWith('401 '))).toBe(true)
      const inApi = paths.filter(path => path.startsWith('/api/'))
      expect(inApi.length).toBeGreaterThan(8)
    },
  )

  test.each(['', 'Bearer', 'Bearer vgot_x', `Bearer vgot_${'A'.repeat(43)}`, 'Basic cm9vdDpyb290'])(
    'the header %j is nobody',
    async authorization => {
      const answer = await ask(server.https, { path: '/api/v1/status', headers: { authorization } })
      expect([answer.status, errorIn(answer).code]).toEqual([401, 'unauthorized'])
    },
  )

  test('an expired and a revoked one are like none', async () => {
    const short = await server.token('admin', 1000)
    const gone = await server.token('admin')
    expect((await server.ask(gone.token, { path: '/api/v1/whoami' })).status).toBe(200)
    await server.admin.call(serverRoutes.revokeToken, { id: gone.name })
    expect((await server.ask(gone.token, { path: '/api/v1/whoami' })).status).toBe(401)
    const deadline = performance.now() + 10_000
    let status = 200
    while (status === 200 && performance.now() < deadline) {
      ;({ status } = await server.ask(short.token, { path: '/api/v1/whoami' }))
    }
    expect(status).toBe(401)
  })
})

describe('roles', () => {
  test('are known to the caller', async () => {
    const client = await server.client(operator)
    expect(await client.call(serverRoutes.whoami, {})).toMatchObject({ role: 'operator', via: 'token' })
    expect(await server.admin.call(serverRoutes.whoami, {})).toMatchObject({ role: 'admin', via: 'socket' })
    client.close()
  })

  test('a viewer changes nothing, and that it tried is on record', async () => {
    for (const [name, { method, path, caller }] of Object.entries(serverRoutes)) {
      if (caller === 'viewer') continue
      const concrete = path.replaceAll(/:\w+/g, 'aa')
      const answer = await server.ask(viewer, { method, path: concrete })
      expect([name, answer.status]).toEqual([name, 403])
      expect(errorIn(answer).message).toContain(`needs the role ${caller}`)
      if (method !== 'GET') expect(await newestAudit()).toEqual([`viewer-1 token api.refused ${path} refused`])
    }
  })

  test('an operator manages no tokens and no members', async () => {
    for (const path of ['/api/v1/tokens', '/api/v1/join-tokens', '/api/v1/members/web1/revoke', '/api/v1/reload']) {
      expect([path, (await post(path, {}, operator)).status]).toEqual([path, 403])
    }
  })
})

describe('paths', () => {
  test('with an encoded separator are one segment, and no name of anything', async () => {
    for (const name of ['a%2Fb', '..%2Fweb1', 'web1%2F', '%00', 'web1%0A', '%2e%2e', 'web1%20', '%F0%9F%92%A9', '-x']) {
      const answer = await get(`/api/v1/envoys/${name}`)
      expect([name, answer.status]).toEqual([name, 400])
      expect(errorIn(answer).message).toMatch(/^envoy: /)
    }
    expect((await get('/api/v1/envoys/%ZZ')).status).toBe(400)
    expect((await get(`/api/v1/envoys/${'a'.repeat(254)}`)).status).toBe(400)
    expect((await get('/api/v1/envoys/../envoys')).status).toBe(404)
    expect((await get('/api/v1/tokens/', admin)).status).toBe(404)
  })

  test('have their methods, and say which', async () => {
    const answer = await server.ask(admin, { method: 'PATCH', path: '/api/v1/tokens' })
    expect([answer.status, errorIn(answer).code, answer.headers['allow']]).toEqual([
      405,
      'no-method',
      'GET, HEAD, POST, OPTIONS',
    ])
    const options = await server.ask(viewer, { method: 'OPTIONS', path: '/api/v1/envoys/web1' })
    expect([options.status, options.text, options.headers['allow']]).toEqual([204, '', 'GET, HEAD, OPTIONS'])
    expect(Object.keys(options.headers).filter(name => name.startsWith('access-control'))).toEqual([])
    const head = await server.ask(viewer, { method: 'HEAD', path: '/api/v1/fleet' })
    expect([head.status, head.text, Number(head.headers['content-length']) > 10]).toEqual([200, '', true])
    expect((await server.ask(viewer, { method: 'HEAD', path: '/api/v1/tasks/x/output' })).status).toBe(405)
  })

  test('take fields once, and only those they know', async () => {
    expect(errorIn(await get('/api/v1/envoys?stauts=failed')).message).toMatch(/stauts/)
    expect((await get('/api/v1/envoys?limit=1&limit=2')).status).toBe(400)
    expect((await get('/api/v1/envoys?limit=0')).status).toBe(400)
    expect((await get('/api/v1/envoys/web1?envoy=bolt')).status).toBe(400)
    expect((await post('/api/v1/envoys/push', { all: true, constructor: 1 })).status).toBe(400)
    expect((await post('/api/v1/envoys/push', [])).status).toBe(400)
    expect((await post('/api/v1/envoys/push', null)).status).toBe(200 + 200)
  })
})

describe('the configuration', () => {
  test('is in force after a reload, with its history, differences and a way back', async () => {
    const first = await published('one')
    const loaded = JSON.parse((await post('/api/v1/config/reload', {}, operator)).text)
    expect(loaded).toMatchObject({ release: first, isChanged: true, problem: null })
    expect(await newestAudit()).toEqual([`operator-2 token config.publish ${first} done`])
    const second = await published('two')
    await post('/api/v1/config/reload')
    const history = JSON.parse((await get('/api/v1/config/releases')).text)
    expect(history).toMatchObject({ live: second, entries: [{ release: second, author: 'alice' }, { release: first }] })
    expect(JSON.parse((await get('/api/v1/config/releases/live')).text)).toMatchObject({ release: second })
    const diff = JSON.parse((await get('/api/v1/config/diff?from=1&to=2')).text)
    expect(diff).toMatchObject({ files: { changed: ['configcrates/motd.vgo'] }, groups: [{ hosts: ['web1'] }] })
    expect(diff.text).toContain('content: "one" → "two"')
    const back = JSON.parse((await post('/api/v1/config/rollback', { reason: 'no' }, operator)).text)
    expect(back).toMatchObject({ outcome: 'rolled-back', version: { release: first } })
    expect(await newestAudit()).toEqual([`operator-2 token config.rollback ${first} done`])
    expect(await releases().live()).toBe(first)
    expect(errorIn(await post('/api/v1/config/rollback', { to: '99' })).code).toBe('no-release')
    expect((await newestAudit())[0]).toMatch(/config\.rollback 99 failed$/)
  })

  test('that cannot be used leaves the old one in force and is told', async () => {
    const { release } = JSON.parse((await get('/api/v1/config/version')).text)
    const live = await releases().live()
    const file = join(releases().folder(live ?? ''), 'envoys.vgo')
    const before = await readFile(file)
    await writeFile(file, 'envoys:\n  - match: [\n')
    const answer = JSON.parse((await post('/api/v1/config/reload')).text)
    await writeFile(file, before)
    expect(answer).toMatchObject({ release, isChanged: false, problem: { message: expect.stringMatching(/.{20}/) } })
    await post('/api/v1/config/reload')
    expect(JSON.parse((await get('/api/v1/config/version')).text)).toMatchObject({ release, problem: null })
  })

  test('can be frozen, and not rolled back meanwhile but by force', async () => {
    const frozen = await post('/api/v1/config/freeze', { until: '2h', reason: 'audit' }, operator)
    expect(JSON.parse(frozen.text)).toMatchObject({ author: 'operator-2', reason: 'audit' })
    expect(errorIn(await post('/api/v1/config/rollback', { to: '2' })).code).toBe('frozen')
    expect(errorIn(await post('/api/v1/config/freeze', { until: 'soon' })).code).toBe('bad-freeze')
    expect((await server.ask(operator, { method: 'DELETE', path: '/api/v1/config/freeze' })).text).toBe(
      '{"wasFrozen":true}',
    )
  })
})

describe('members', () => {
  test('are listed, and put out for good', async () => {
    const key = await server.enrol('web9')
    const { status, text } = await get('/api/v1/envoys')
    expect(status).toBe(200)
    const { envoys } = JSON.parse(text) as { envoys: { hostname: string; reachability: string }[] }
    expect(envoys.map(({ hostname }) => hostname)).toEqual(['web1', 'web9'])
    expect(JSON.parse((await get('/api/v1/envoys?filter=eb9')).text)).toMatchObject({ total: 1 })
    expect(JSON.parse((await get(`/api/v1/envoys/${web1.slice(0, 12)}`)).text)).toMatchObject({ hostname: 'web1' })
    expect(errorIn(await get('/api/v1/envoys/nobody')).code).toBe('unknown-member')
    const revoked = await post('/api/v1/members/web9/revoke', { reason: 'sold' })
    expect(JSON.parse(revoked.text)).toMatchObject({
      publicKey: key,
      admittedBy: 'bolt',
      isMember: false,
      revoked: { reason: 'sold' },
      takenAlong: [],
    })
    expect(await newestAudit()).toEqual(['admin-3 token envoy.revoke web9 done'])
    expect((await get('/api/v1/envoys/web9')).status).toBe(404)
    expect((await post('/api/v1/members/bolt/revoke')).status).toBe(400)
  })

  test('join with tokens that can be withdrawn', async () => {
    const created = await post('/api/v1/join-tokens', { pattern: 'web-*', ttlMs: 60_000, uses: 2 })
    const { url, token } = JSON.parse(created.text)
    expect(url).toMatch(/^vigo-join:/)
    expect((await newestAudit())[0]).toBe('admin-3 token join-token.create web-* done')
    const { entries } = await server.admin.call(serverRoutes.audit, { limit: 1 })
    expect(JSON.stringify(entries)).not.toContain(url.split('.').at(-1))
    const path = `/api/v1/join-tokens/${token.id}`
    expect((await server.ask(admin, { method: 'DELETE', path })).status).toBe(200)
    expect((await server.ask(admin, { method: 'DELETE', path })).status).toBe(404)
    const forBolt = JSON.parse((await post('/api/v1/join-tokens', { pattern: '*', role: 'bolt' })).text)
    expect(forBolt.token).toMatchObject({ role: 'bolt', usesLeft: 1 })
    expect((await post('/api/v1/join-tokens', { pattern: '*', role: 'bolt', uses: 2 })).status).toBe(400)
    expect((await post('/api/v1/join-tokens', { pattern: '*', role: 'admin' })).status).toBe(400)
    expect((await post('/api/v1/members/web9/readmit')).status).toBe(404)
  })
})

describe('the server', () => {
  test('reads its settings again, and says which need a restart', async () => {
    const file = server.layout.serverYaml
    const before = await readFile(file, 'utf8')
    await writeFile(file, `${before}log_level: debug\ncheckin:\n  interval: 90s\n`)
    expect(JSON.parse((await post('/api/v1/reload')).text)).toMatchObject({ restartNeeded: ['log_level'] })
    await writeFile(file, `${before}checkin:\n  interval: soon\n`)
    const refused = errorIn(await post('/api/v1/reload'))
    expect(refused).toMatchObject({ code: 'bad-settings', message: expect.stringContaining('checkin.interval') })
    await writeFile(file, before)
    await server.reload()
    expect(server.logged.findLast(({ event }) => event === 'reloaded')).toMatchObject({ restartNeeded: [] })
    expect(await newestAudit()).toEqual(['signal system server.reload  done'])
  })

  test('keeps tokens and the audit log over a restart; sessions of the socket begin anew', async () => {
    const [before] = await newestAudit()
    await server.stop()
    await server.open()
    expect((await server.ask(viewer, { path: '/api/v1/whoami' })).status).toBe(200)
    const fresh: ApiClient = await server.client(admin)
    const { entries } = await fresh.call(serverRoutes.audit, { limit: 5 })
    expect(entries.map(({ action }) => action)).toContain(before?.split(' ')[2])
    fresh.close()
  })
})

test('a body that nobody may send is not waited for', async () => {
  const { hostname, port } = new URL(server.http)
  const agent = new Agent()
  const status = await new Promise<number>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': 1_000_000 }
    const call = request({ hostname, port, agent, method: 'POST', path: '/api/v1/tokens', headers })
    call.on('response', response => resolve(response.statusCode ?? 0))
    call.on('error', reject)
    call.write('{')
  })
  agent.destroy()
  expect(status).toBe(401)
})
