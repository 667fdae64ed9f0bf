import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { layout, silentLogger } from '#node/kit'
import type { Mount } from './authentication.ts'
import { fingerprintOf, loadCertificate } from './certificate.ts'
import { ask, errorIn } from './fixture.ts'
import { type ListenAddress, parseListen } from './listen-url.ts'
import { selfSigned } from './self-signed.ts'
import { HttpServer, type HttpServerOptions } from './server.ts'

let folder: string
let opened: HttpServer[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vh-'))
})
afterEach(async () => {
  for (const server of opened) await server.close()
  opened = []
  await rm(folder, { recursive: true })
})

const echo: Mount = app => {
  app.get('/', async () => ({ hello: 'you' }))
  app.post('/', async request => ({ got: request.body }))
}
const http: ListenAddress = { scheme: 'http', host: '127.0.0.1', port: 0 }
const https: ListenAddress = { ...http, scheme: 'https' }

function certificateOf(names: readonly string[], files?: { cert_file: string; key_file: string }, now = Date.now()) {
  return () =>
    loadCertificate({ layout: layout(folder), files, names, addresses: ['127.0.0.1'], now, logger: silentLogger })
}

async function start(options: Partial<HttpServerOptions> = {}): Promise<{ server: HttpServer; origins: string[] }> {
  const server = await HttpServer.start({
    addresses: [http],
    names: ['vigo.example.com'],
    certificate: certificateOf(['vigo.example.com']),
    mounts: [echo],
    logger: silentLogger,
    ...options,
  })
  opened.push(server)
  return { server, origins: server.listeners().map(({ url }) => url) }
}

describe('whom the server answers', () => {
  test('names that it goes by, and every address', async () => {
    const { origins } = await start()
    const [origin = ''] = origins
    for (const host of ['vigo.example.com', 'VIGO.example.com:8443', 'localhost', '10.1.2.3:80', '[::1]:1']) {
      expect([host, (await ask(origin, { headers: { host } })).status]).toEqual([host, 200])
    }
    for (const host of ['evil.example', 'vigo.example.com.evil.example', 'x:y', '127.0.0.1.evil.example', 'a b']) {
      const answer = await ask(origin, { headers: { host } })
      expect([host, answer.status >= 400, errorIn(answer).message.length > 10]).toEqual([host, true, true])
    }
  })

  test('names that its certificate is for', async () => {
    const made = await selfSigned(['*.fleet.example'], Date.now())
    const files = { cert_file: join(folder, 'c.pem'), key_file: join(folder, 'k.pem') }
    await writeFile(files.cert_file, made.certificate)
    await writeFile(files.key_file, made.key)
    const { origins } = await start({ addresses: [https], certificate: certificateOf([], files) })
    const statusFor = async (host: string) => (await ask(origins[0] ?? '', { headers: { host } })).status
    expect([await statusFor('a.fleet.example'), await statusFor('fleet.example')]).toEqual([200, 403])
  })

  test('and tells who counts them of each answer, by route and not by path, and of streams without a time', async () => {
    const seen: string[] = []
    const { origins } = await start({
      mounts: [
        app => {
          app.get('/things/:id', async () => ({}))
          app.get('/stream', (_request, reply) => void reply.hijack().raw.end('done'))
        },
      ],
      onAnswer: ({ method, route, status, durationMs }) =>
        seen.push(`${method} ${route} ${status} ${durationMs === null ? 'stream' : durationMs >= 0}`),
    })
    for (const path of ['/things/1', '/things/2', '/nothing', '/stream']) await ask(origins[0] ?? '', { path })
    await expect
      .poll(() => seen)
      .toEqual(['GET /things/:id 200 true', 'GET /things/:id 200 true', 'GET  401 true', 'GET /stream 200 stream'])
  })

  test('no pages of other sites, but links to it', async () => {
    const { origins } = await start()
    const [origin = ''] = origins
    const host = new URL(origin).host
    const statusWith = async (headers: Record<string, string>, method = 'POST') =>
      (await ask(origin, { method, headers: { host, ...headers } })).status
    expect(await statusWith({ origin })).toBe(200)
    expect(await statusWith({ origin: 'https://evil.example' })).toBe(403)
    expect(await statusWith({ origin: 'null' })).toBe(403)
    expect(await statusWith({ origin: `${origin}0` })).toBe(403)
    expect(await statusWith({ 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await statusWith({ 'sec-fetch-site': 'same-site' }, 'GET')).toBe(403)
    expect(await statusWith({ 'sec-fetch-site': 'same-origin', origin })).toBe(200)
    expect(await statusWith({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 'GET')).toBe(200)
    expect(await statusWith({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(403)
    expect(
      await statusWith({ origin: 'https://evil.example', 'access-control-request-method': 'POST' }, 'OPTIONS'),
    ).toBe(403)
  })
})

describe('what a request may be', () => {
  test('a body of a megabyte in JSON', async () => {
    const { origins } = await start()
    const [origin = ''] = origins
    const post = (body: string, type = 'application/json') =>
      ask(origin, { method: 'POST', body, headers: { 'content-type': type } })
    expect((await post(JSON.stringify('x'.repeat(1_000_000)))).status).toBe(200)
    expect(errorIn(await post(JSON.stringify('x'.repeat(2_000_000)))).code).toBe('too-large')
    expect(errorIn(await post('{')).code).toBe('bad-request')
    expect(errorIn(await post('a=1', 'text/plain')).code).toBe('unsupported-type')
    expect(errorIn(await post('<a/>', 'application/xml')).code).toBe('unsupported-type')
    expect(errorIn(await post('{"__proto__":{"a":1}}')).code).toBe('bad-request')
    expect(errorIn(await post('['.repeat(100_000))).code).toBe('bad-request')
  })

  test('headers of 16 KiB', async () => {
    const { origins } = await start()
    const answer = await ask(origins[0] ?? '', { headers: { 'x-long': 'x'.repeat(20_000) } })
    expect([answer.status, errorIn(answer).code]).toEqual([413, 'too-large'])
  })

  test('HTTP, and nothing else', async () => {
    const { origins } = await start()
    const text = await conversation(origins[0] ?? '', 'EHLO you\r\n\r\n')
    expect(text).toMatch(/^HTTP\/1\.1 400 .*\{"code":"bad-request"/s)
    const smuggled =
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'
    expect(await conversation(origins[0] ?? '', smuggled)).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('sent in time: body, headers and handshake', async () => {
    const { origins } = await start({ addresses: [http, https], requestTimeoutMs: 400 })
    const [plain = '', secure = ''] = origins
    const head =
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"a'
    expect(await conversation(plain, head)).toMatch(/^HTTP\/1\.1 408 .*\{"code":"too-slow"/s)
    expect(await conversation(plain, 'GET / HTTP/1.1\r\nhost: loc')).toMatch(/^HTTP\/1\.1 408 /)
    const { port } = new URL(secure)
    const socket = tlsConnect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false })
    socket.write(head)
    expect(await received(socket)).toMatch(/^HTTP\/1\.1 408 /)
  })
})

describe('the certificate', () => {
  test('is made once and kept, its key for the owner alone', async () => {
    const first = await start({ addresses: [https] })
    const [{ fingerprint } = { fingerprint: null }] = first.server.listeners()
    const second = await start({ addresses: [https] })
    expect(second.server.listeners()[0]?.fingerprint).toBe(fingerprint)
    expect((await stat(join(layout(folder).state, 'node/api-key.pem'))).mode & 0o777).toBe(0o600)
    const shown = await new Promise<string | undefined>(resolve => {
      const { port } = new URL(second.origins[0] ?? '')
      const socket = tlsConnect({ host: '127.0.0.1', port: Number(port), rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase())
        socket.destroy()
      })
    })
    expect(shown).toBe(fingerprint)
  })

  test('is made anew for another name, and before it ends; not for fewer names', async () => {
    const load = async (names: readonly string[], now = Date.now()) =>
      fingerprintOf((await certificateOf(names, undefined, now)()).certificate)
    const first = await load(['a.example', 'b.example'])
    expect(await load(['a.example'])).toBe(first)
    const second = await load(['a.example', 'c.example'])
    expect(second).not.toBe(first)
    const soon = Date.now() + (10 * 365 - 20) * 86_400e3
    expect(await load(['a.example'], soon)).not.toBe(second)
  })

  test('of an authority is read again on reload; one that does not fit leaves the old one', async () => {
    const files = { cert_file: join(folder, 'c.pem'), key_file: join(folder, 'k.pem') }
    const put = async (): Promise<void> => {
      const made = await selfSigned(['vigo.example.com'], Date.now())
      await writeFile(files.cert_file, made.certificate)
      await writeFile(files.key_file, made.key)
    }
    await put()
    const { server } = await start({ addresses: [https], certificate: certificateOf([], files) })
    const before = server.listeners()[0]?.fingerprint
    await put()
    await server.reload()
    const after = server.listeners()[0]?.fingerprint
    expect(after).not.toBe(before)
    await writeFile(files.key_file, (await selfSigned(['x'], Date.now())).key)
    await expect(server.reload()).rejects.toMatchObject({ code: 'bad-certificate' })
    await writeFile(files.key_file, 'nonsense')
    await expect(server.reload()).rejects.toThrow(/k\.pem/)
    await rm(files.cert_file)
    await expect(server.reload()).rejects.toThrow(/c\.pem cannot be read/)
    expect(server.listeners()[0]?.fingerprint).toBe(after)
    expect(await readFile(files.key_file, 'utf8')).toBe('nonsense')
  })
})

describe('where it listens', () => {
  test('is told in words when the port is taken', async () => {
    const { origins } = await start()
    const port = Number(new URL(origins[0] ?? '').port)
    await expect(start({ addresses: [{ ...http, port }] })).rejects.toThrow(/another program has the port/)
  })

  test('is HTTPS anywhere, and HTTP on loopback only', () => {
    expect(
      parseListen(['https://0.0.0.0:8443', 'https://[::]:1', 'http://[::1]:2', 'http://127.9.9.9:3'], 's.yaml'),
    ).toEqual([
      { scheme: 'https', host: '0.0.0.0', port: 8443 },
      { scheme: 'https', host: '::', port: 1 },
      { scheme: 'http', host: '::1', port: 2 },
      { scheme: 'http', host: '127.9.9.9', port: 3 },
    ])
    for (const url of [
      'http://0.0.0.0:80',
      'http://10.0.0.1:80',
      'http://127.0.0.1.evil.example:80',
      'https://h:1/path',
      'https://u@h:1',
      'ftp://h:1',
    ]) {
      expect(() => parseListen([url], 's.yaml'), url).toThrow(/^s\.yaml: api\.listen\.0: /)
    }
  })
})

/** What the server says to raw bytes until it closes the connection. */
async function conversation(origin: string, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(origin).port) })
  socket.write(text)
  return await received(socket)
}

function received(socket: ReturnType<typeof connect>): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    socket.on('data', data => (said += data.toString('utf8')))
    socket.on('error', reject)
    socket.on('close', () => resolve(said))
  })
}
