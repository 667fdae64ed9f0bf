import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ApiClient, ApiError, route } from '#node/api'
import { silentLogger, VigoError } from '#node/kit'
import { Api, UnixLogins } from './index.ts'

const routes = {
  echo: route({
    method: 'POST',
    path: '/v1/echo',
    summary: 'for this test',
    caller: 'anyone',
    body: Type.Object({ text: Type.String({ maxLength: 10 }) }),
    reply: Type.Object({ text: Type.String() }),
  }),
  ask: route({
    method: 'GET',
    path: '/v1/ask',
    summary: 'for this test',
    caller: 'anyone',
    body: Type.Object({ loud: Type.Optional(Type.Boolean()) }),
    reply: Type.Object({ loud: Type.Boolean() }),
  }),
  secret: route({
    method: 'GET',
    path: '/v1/secret',
    summary: 'for this test',
    caller: 'publisher',
    body: Type.Object({}),
    reply: Type.Object({ uid: Type.Number() }),
  }),
  count: route({
    method: 'POST',
    path: '/v1/count',
    summary: 'for this test',
    caller: 'anyone',
    body: Type.Object({ to: Type.Number(), fail: Type.Optional(Type.Boolean()) }),
    reply: Type.Object({ done: Type.Number() }),
    event: Type.Object({ at: Type.Number() }),
  }),
  flood: route({
    method: 'GET',
    path: '/v1/flood',
    summary: 'for this test',
    caller: 'anyone',
    body: Type.Object({ lines: Type.Integer(), everything: Type.Boolean() }),
    reply: Type.Object({ most: Type.Number() }),
    event: Type.Object({ text: Type.String() }),
  }),
  upload: route({
    method: 'POST',
    path: '/v1/upload',
    summary: 'for this test',
    caller: 'anyone',
    upload: true,
    body: Type.Object({}),
    reply: Type.Object({ bytes: Type.Number() }),
  }),
}

let folder: string
let socket: string
let api: Api
let logins: UnixLogins
let client: ApiClient
let aborted: Promise<void>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-api-'))
  socket = join(folder, 'x.sock')
  logins = new UnixLogins(join(folder, 'logins'))
  await logins.prepare()
  const { promise, resolve } = Promise.withResolvers<void>()
  aborted = promise
  api = new Api({
    logins,
    logger: silentLogger,
    authorise: async (caller, user) => {
      if (caller !== 'anyone' && user === null) throw new ApiError('unauthorized', 'who are you?')
    },
  })
  api.add(routes, {
    echo: async ({ body }) => ({ text: body.text }),
    ask: async ({ body }) => ({ loud: body.loud === true }),
    secret: async ({ user }) => ({ uid: user?.uid ?? -1 }),
    count: async ({ body, emit, signal }) => {
      for (let at = 0; at < body.to; at++) emit({ at })
      if (body.fail) throw new VigoError('disk-full', 'no room', { context: { at: 3 } })
      if (body.to < 0) await new Promise<void>(done => signal.addEventListener('abort', () => done()))
      if (body.to < 0) for (let at = 0; at < 5; at++) await talkOn(() => emit({ at }))
      if (body.to < 0) resolve()
      return { done: body.to }
    },
    flood: async ({ body, emit, deliver }) => {
      const text = 'x'.repeat(10_000)
      for (let at = 0; at < body.lines; at++) {
        if (body.everything) await deliver({ text })
        else emit({ text })
      }
      return { most: body.lines }
    },
    upload: async ({ upload }) => {
      let bytes = 0
      for await (const part of upload?.bytes ?? []) bytes += part.byteLength
      return { bytes }
    },
  })
  await api.listenOnSocket(socket, 0o600)
  client = new ApiClient(socket, 'the test daemon')
})
afterEach(async () => {
  client.close()
  await api.close()
  await rm(folder, { recursive: true })
})

/** To somebody who has left. */
async function talkOn(talk: () => void): Promise<void> {
  talk()
  await new Promise(resolve => setImmediate(resolve))
}

function raw(method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: socket, method, path, headers })
    outgoing.on('response', response => resolve(response.resume().statusCode ?? 0))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

describe('the local API', () => {
  test('validates what is sent, in body and query', async () => {
    expect(await client.call(routes.echo, { text: 'hi' })).toEqual({ text: 'hi' })
    expect(await client.call(routes.ask, { loud: true })).toEqual({ loud: true })
    await expect(client.call(routes.echo, { text: 'x'.repeat(11) })).rejects.toMatchObject({ code: 'bad-request' })
    expect(await raw('POST', '/v1/echo', '{', { 'content-type': 'application/json' })).toBe(400)
    expect(await raw('POST', '/v1/echo', 'x'.repeat(10_000_000), { 'content-type': 'application/json' })).toBe(413)
    expect(await raw('POST', '/v1/echo', 'text=1', { 'content-type': 'text/plain' })).toBe(415)
    expect(await raw('GET', '/v1/nothing')).toBe(404)
    expect(await raw('GET', '/v1/%2e%2e/secret')).toBe(404)
  })

  test('streams events before the reply, and a failure with its code and details', async () => {
    const events: number[] = []
    const reply = await client.call(routes.count, { to: 3 }, { onEvent: event => events.push(event.at) })
    expect([events, reply]).toEqual([[0, 1, 2], { done: 3 }])
    const failing = client.call(routes.count, { to: 1, fail: true })
    await expect(failing).rejects.toMatchObject({ code: 'disk-full', message: 'no room', context: { at: 3 } })
  })

  test('drops progress for whoever reads slowly, and never what must all arrive', async () => {
    for (const everything of [true, false]) {
      let seen = 0
      const onEvent = (): number => ++seen
      await client.call(routes.flood, { lines: 2000, everything }, { onEvent })
      expect([everything, everything ? seen === 2000 : seen < 2000]).toEqual([everything, true])
    }
  })

  test('tells the handler when the caller goes away', async () => {
    const stop = new AbortController()
    const call = client.call(routes.count, { to: -1 }, { signal: stop.signal })
    setTimeout(() => stop.abort(), 50)
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    await aborted
  })

  test('takes uploads of a stated length', async () => {
    const stream = Readable.from([Buffer.alloc(70_000), Buffer.alloc(5)])
    expect(await client.call(routes.upload, {}, { upload: { stream, sizeBytes: 70_005 } })).toEqual({ bytes: 70_005 })
  })

  test('takes an upload of nothing, and no other body for one', async () => {
    expect(await raw('POST', '/v1/upload', '', { 'content-length': '0' })).toBe(200)
    expect(await raw('POST', '/v1/upload', '{}', { 'content-type': 'application/json', 'content-length': '2' })).toBe(
      415,
    )
  })

  test('says that nobody listens', async () => {
    const nobody = new ApiClient(join(folder, 'none.sock'), 'the test daemon')
    await expect(nobody.call(routes.ask, {})).rejects.toMatchObject({ code: 'not-running' })
  })
})

describe('a login on a Unix socket', () => {
  test('proves the caller’s uid', async () => {
    expect(await client.call(routes.secret, {})).toEqual({ uid: process.getuid?.() })
    expect(await raw('GET', '/v1/secret')).toBe(401)
    expect(await raw('GET', '/v1/secret', '', { authorization: `Bearer ${'0'.repeat(64)}` })).toBe(401)
  })

  test('takes a challenge once, and only a folder of mode 0700 made for it', async () => {
    const never = logins.challenge()
    await expect(logins.login(never.path)).rejects.toMatchObject({ code: 'unauthorized' })
    await expect(logins.login(never.path)).rejects.toThrow(/not started here/)
    const open = logins.challenge()
    await mkdir(open.path)
    await chmod(open.path, 0o777)
    await expect(logins.login(open.path)).rejects.toThrow(/0700/)
    const linked = logins.challenge()
    await symlink(folder, linked.path)
    await expect(logins.login(linked.path)).rejects.toThrow(/0700/)
    const elsewhere = logins.challenge()
    await expect(logins.login(`/etc/${elsewhere.path.split('/').at(-1)}`)).rejects.toThrow(/not made/)
    const good = logins.challenge()
    await mkdir(good.path, { mode: 0o700 })
    const { session } = await logins.login(good.path)
    expect(logins.userOf(session)).toEqual({ uid: process.getuid?.() })
  })
})
