import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { sha256Hex } from '#node/kit'
import { FakeServer } from '../fixture.ts'
import { dashboardOf } from '../mount.ts'
import { rolledBackFleet } from '../story/fixture.ts'
import { artifact } from './artifacts/fixture.ts'
import { divergedStatus, statusOf } from './bolts/fixture.ts'
import { result } from './envoys/fixture.ts'

const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`
const FORBIDDEN = [/<script>/, /<img src=x/, /onerror='/]

let server: FakeServer
let app: FastifyInstance

beforeEach(async () => {
  server = await FakeServer.create()
  app = fastify()
  app.register(async scope => dashboardOf(server.parts, server.auth)(scope))
  await app.ready()
})

afterEach(async () => {
  await app.close()
  await server[Symbol.asyncDispose]()
})

async function get(url: string, token = 'vgot_operator') {
  const session = server.auth.login(token)
  return await app.inject({ url, headers: { cookie: `vigo_session=${session?.value}` } })
}

const peer = (hostname: string): string => sha256Hex(hostname)

const LISTS = ['/', '/envoys', '/runs', '/releases', '/tasks', '/artifacts', '/bolts', '/projects', '/audit']

describe('pages of a server that has nothing yet', () => {
  test('say so, and what to do first', async () => {
    const texts = await Promise.all(LISTS.map(async path => (await get(path)).body))
    expect(texts[0]).toContain('vigosrv token create')
    expect(texts[0]).toContain('vigocli config publish')
    for (const text of texts.slice(2)) expect(text).toContain('class="empty"')
    for (const text of texts) expect(text).not.toContain('undefined')
  })
})

describe('pages of a fleet', () => {
  test('answer, have one heading of the first level, and name everything that can be filled in', async () => {
    await rolledBackFleet(server)
    const [run] = await server.fleet.runs(peer('db1.example.com'), { limit: 1 })
    const [first] = server.swarm.artifactList
    const paths = [
      ...LISTS,
      `/envoys/${peer('db1.example.com')}`,
      `/envoys/${peer('db1.example.com')}/resource?id=nginx/config`,
      `/envoys/${peer('db1.example.com')}/runs/${run?.id}`,
      '/envoys/web43.example.com',
      '/releases/3',
      '/releases/2/roll-back',
      '/tasks/9c0de5aa71b2f364',
      `/artifacts/${first?.id}`,
      `/projects/${peer('tools')}`,
    ]
    for (const path of paths) {
      const { statusCode, body } = await get(path)
      expect([path, statusCode]).toEqual([path, 200])
      expect(body.match(/<h1/g)?.length, path).toBe(1)
      expect(body, path).not.toMatch(/undefined|\[object/)
      for (const [field] of body.matchAll(/<(?:input|select) (?!type="hidden")[^>]*>/g)) {
        const at = body.indexOf(field)
        expect(body.lastIndexOf('<label', at), `${path}: ${field}`).toBeGreaterThan(body.lastIndexOf('</label>', at))
      }
    }
  })

  test('tell the story of a release that was taken back on the first of them', async () => {
    await rolledBackFleet(server)
    const text = (await get('/')).body.replaceAll(/<[^>]*>/g, '')
    for (const part of [
      'Release #3 was rolled back; #4 is live',
      'anna published release #3: Listen on port 80',
      '4 canaries first (10%): 1 converged, 3 failed',
      'nginx.service did not start: exit code 1',
      'Stopped: 3 of 4 canaries are worse than before: web02, web05, web09',
      'rollback monitor rolled back to release #2, live again as #4',
      '48 of 49 envoys (98 %) have run',
    ]) {
      expect(text).toContain(part)
    }
  })

  test('show where each value of a resource comes from, and what it beat', async () => {
    await rolledBackFleet(server)
    const body = (await get('/envoys/db1.example.com/resource?id=nginx/config')).body
    expect(body).toContain('configcrates/nginx.vgo:10:5')
    expect(body).toContain('environments.vgo:4:7')
    expect(body).toContain('an environment beats the crate&#39;s own default')
    expect((await get('/envoys/db1.example.com')).body).toContain('configcrates/nginx.vgo:10')
  })

  test('show what a release changed, and ask before it is made live again', async () => {
    await rolledBackFleet(server)
    const release = (await get('/releases/3')).body
    expect(release).toContain('<span class="diff-added">+  nginx_port: &quot;80&quot;')
    expect(release).toContain('<span class="diff-removed">-  nginx_port: &quot;8080&quot;')
    expect((await get('/releases/3/roll-back')).body).toContain('name="reason"')
    expect((await get('/releases/3/roll-back', 'vgot_viewer')).statusCode).toBe(403)
  })

  test('offer to those who only read nothing that they may not do', async () => {
    await rolledBackFleet(server)
    for (const path of [...LISTS, '/envoys/db1.example.com', '/releases/3', '/tasks/9c0de5aa71b2f364']) {
      const { body } = await get(path, 'vgot_viewer')
      const forms = [...body.matchAll(/<form [^>]*method="post" action="([^"]*)"/g)].map(([, action]) => action)
      expect(forms, path).toEqual(['/sign-out'])
    }
  })
})

describe('pages of several servers', () => {
  const textOf = async (path: string): Promise<string> => (await get(path)).body.replaceAll(/<[^>]*>/g, '')

  test('show how each is, whom it serves, and on the overview who does not follow', async () => {
    await rolledBackFleet(server)
    const text = await textOf('/bolts')
    for (const part of ['bolt1.example.com', 'Follows', '16 of 17', 'the resource type &#39;fille&#39; is not known']) {
      expect(text).toContain(part)
    }
    for (const part of ['Refuses', 'Not connected', 'Draining', '3 min ago']) expect(text).toContain(part)
    expect(await textOf('/')).toContain('2 bolts do not have what is live here. bolt2.example.com, bolt3.example.com.')
    expect((await get('/envoys')).body).not.toContain('Bolts that do not follow')
  })

  test('say at the top how a divergence is ended, and which heads there are', async () => {
    await rolledBackFleet(server)
    server.bolts.set(divergedStatus(server.bolts.status?.bolts ?? []))
    const commands = [1, 2].map(number => `vigocli spanner resolve --take bolt${number}.example.com`)
    for (const path of ['/', '/bolts']) for (const command of commands) expect(await textOf(path)).toContain(command)
    expect(await textOf('/bolts')).toContain('Listen on port 80')
  })

  test('say nothing on the overview when all agree, or when there is one only', async () => {
    await rolledBackFleet(server)
    const { bolts } = server
    const [self] = bolts.status?.bolts ?? []
    for (const mode of ['spanner', 'standalone'] as const) {
      bolts.set(statusOf({ mode, bolts: self === undefined ? [] : [self] }))
      expect((await get('/')).body).not.toContain('role="alert"')
    }
    expect(await textOf('/bolts')).toContain('vigocli spanner init')
    expect((await get('/bolts')).body).not.toContain('/drain')
  })

  test('show projects, their branches, and what takes one of several heads', async () => {
    await rolledBackFleet(server)
    const list = await textOf('/projects')
    for (const part of ['platform/stacks', 'Diverged: 1 branch', 'not kept here']) expect(list).toContain(part)
    const one = await textOf(`/projects/${peer('tools')}`)
    expect(one).toMatch(/vigo swarm gitback project resolve [0-9a-f]{64} --ref refs\/heads\/main --take [0-9a-f]{40}/)
    for (const id of [peer('nothing'), 'x', '..%2f']) expect((await get(`/projects/${id}`)).statusCode).toBe(404)
  })
})

describe('pages about ten thousand envoys', () => {
  test('show fifty at a time, and can be turned to the last', async () => {
    const { release } = await server.publish({ author: 'anna', reason: '', agoMs: 60_000 })
    server.fleet.addMany(10_000, release)
    const first = (await get('/envoys')).body
    expect(first).toContain('1–50 of 10,000 envoys')
    expect(first.match(/<tr>/g)?.length).toBe(51)
    expect(first.length).toBeLessThan(100_000)
    const last = (await get('/envoys?page=200')).body
    expect(last).toContain('node-09999.example.com')
    expect((await get('/envoys?page=99999')).body).toContain('9,951–10,000 of 10,000 envoys')
    const failed = (await get('/envoys?status=failed&page=2')).body
    expect(failed).toContain('51–100 of 104 envoys')
    expect(failed).toContain('/envoys?status=failed&amp;page=3')
    expect((await get('/')).body.length).toBeLessThan(100_000)
  })

  test('find by name, key, crate and axis, and say when nothing matches', async () => {
    const { release } = await server.publish({ author: 'anna', reason: '', agoMs: 60_000 })
    server.fleet.addMany(200, release)
    expect((await get('/envoys?q=NODE-00042')).body).toContain('1–1 of 1 envoys')
    expect((await get(`/envoys?q=${peer('node-00007.example.com').slice(0, 12)}`)).body).toContain('node-00007')
    expect((await get('/envoys?q=motd')).body).toContain('of 200 envoys')
    expect((await get('/envoys?drift=changed')).body).toContain('of 19 envoys')
    expect((await get('/envoys?q=nothing-like-it')).body).toContain('No envoy matches')
    expect((await get('/envoys?sort=worst')).body).toMatch(/<tbody>\s*<tr><th[^>]*><a[^>]*>node-00000/)
  })
})

describe('words of others', () => {
  test('stay words, wherever they come from', async () => {
    await server.publish({ author: HOSTILE, reason: HOSTILE, agoMs: 60_000 })
    const { release } = await server.publish({
      author: 'x',
      reason: HOSTILE,
      agoMs: 30_000,
      files: {
        'configcrates/motd.vgo': `name: motd\nresources:\n  - name: motd\n    type: file\n    target_path: /etc/motd\n    content: '<script>alert(1)</script>"'\n    owner: root\n    group: root\n    mode: "0644"\n`,
      },
    })
    server.fleet.add(HOSTILE, { environment: HOSTILE, platform: HOSTILE, crates: [HOSTILE], version: HOSTILE })
    const bad = result('motd/motd', HOSTILE, 'failed', {
      message: HOSTILE,
      diff: `--- ${HOSTILE}\n+${HOSTILE}\n`,
      output: HOSTILE,
      changes: [{ attribute: HOSTILE, from: HOSTILE, to: HOSTILE }],
    })
    const run = server.fleet.report(HOSTILE, { release, results: [bad, result(HOSTILE, 'file', 'failed')] })
    server.fleet.add('other.example.com', { problem: HOSTILE })
    const host = { peer: peer('a'), hostname: HOSTILE, batch: 1, state: 'failed' as const, exitCode: 1, durationMs: 1 }
    server.tasks.set({
      id: 'task1',
      name: HOSTILE,
      command: HOSTILE,
      target: HOSTILE,
      by: HOSTILE,
      state: 'failed',
      reason: HOSTILE,
      startedAt: 0,
      endedAt: 1,
      batches: 1,
      batch: 1,
      hosts: [{ ...host, problem: HOSTILE, output: HOSTILE }],
    })
    const named = artifact(HOSTILE, 'generic', [HOSTILE], { [HOSTILE]: HOSTILE }, HOSTILE, 0)
    server.swarm.artifactList.push(named)
    const details = { [HOSTILE]: HOSTILE }
    await server.parts.audit.append({
      actor: HOSTILE,
      via: 'token',
      action: HOSTILE,
      target: HOSTILE,
      outcome: 'done',
      details,
    })
    server.fleet.samples = async () => []
    const status = divergedStatus([
      server.bolts.bolt(HOSTILE, { release: HOSTILE, problem: HOSTILE, follows: false, patterns: [HOSTILE] }),
    ])
    const head = { commit: HOSTILE, release: HOSTILE, bolt: HOSTILE, author: HOSTILE, reason: HOSTILE, time: HOSTILE }
    server.bolts.set({ ...status, problem: HOSTILE, heads: [{ ...head, isHere: true }] })
    server.projects.fill()
    server.projects.all = server.projects.all.map(project => ({
      ...project,
      founderName: HOSTILE,
      handle: HOSTILE,
      policy: HOSTILE,
      memberRows: [{ key: HOSTILE, name: HOSTILE, level: 'admin' }],
      seatRows: [{ member: HOSTILE, peer: HOSTILE, hostname: HOSTILE, isConnected: false }],
      refs: project.refs.map(ref => ({ ...ref, ref: HOSTILE, problem: HOSTILE })),
    }))
    const one = `/envoys/${peer(HOSTILE)}`
    const paths = [
      ...LISTS,
      one,
      `${one}/runs/${run.id}`,
      `${one}/resource?id=motd/motd`,
      `${one}/resource?id=${encodeURIComponent(HOSTILE)}`,
      '/releases/1',
      '/releases/2',
      '/releases/1/roll-back',
      '/tasks/task1',
      `/artifacts/${named.id}`,
      `/projects/${peer('tools')}`,
      `/envoys?q=${encodeURIComponent(HOSTILE)}`,
      `/artifacts?q=${encodeURIComponent(HOSTILE)}`,
      `/envoys/${encodeURIComponent(HOSTILE)}x`,
      `/releases/${encodeURIComponent(HOSTILE)}`,
      `/?done=${encodeURIComponent(HOSTILE)}`,
      `/sign-in?to=${encodeURIComponent(`/${HOSTILE}`)}`,
    ]
    let shown = 0
    for (const path of paths) {
      const { body } = await get(path)
      for (const pattern of FORBIDDEN) expect(body, path).not.toMatch(pattern)
      if (body.includes('&lt;script&gt;')) shown++
    }
    expect(shown).toBeGreaterThan(17)
  })

  test('are not taken for a query of ours: what a form did is said in our words only', async () => {
    expect((await get('/envoys?done=pushed&count=3')).body).toContain('3 connected envoys were asked')
    const forged = (await get('/envoys?done=You+were+hacked&count=3')).body
    expect(forged).not.toContain('class="notice"')
    expect(forged).not.toContain('You were hacked')
    expect((await get('/envoys?done=__proto__&count=3')).body).not.toContain('class="notice"')
  })
})

describe('a live configuration that cannot be used', () => {
  test('is said at the top of every page, with its findings', async () => {
    await server.publish({ author: 'anna', reason: '', agoMs: 60_000 })
    const span = { file: { path: 'roles/web.vgo', text: `name: ${HOSTILE}` }, start: 6, end: 9 }
    const problem = {
      at: server.clock.now(),
      message: 'release 2 has 1 error',
      diagnostics: [{ code: 'bad', severity: 'error' as const, span, message: HOSTILE, hint: '', related: [] }],
    }
    Object.defineProperty(server.parts.policy, 'problem', { value: problem })
    for (const path of LISTS) {
      const { body } = await get(path)
      expect(body).toContain('role="alert"')
      expect(body).toContain('roles/web.vgo:1:7')
      for (const pattern of FORBIDDEN) expect(body, path).not.toMatch(pattern)
    }
  })
})
