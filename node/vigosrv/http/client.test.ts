import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { Type } from '@sinclair/typebox'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { ApiClient, exitCodeOf, type RemoteServer, route } from '#node/api'
import { selfSigned } from './self-signed.ts'

const TOKEN = `vgot_${'t'.repeat(43)}`
const ping = route({
  method: 'GET',
  path: '/api/v1/ping/:name',
  summary: '',
  caller: 'viewer',
  body: Type.Object({ name: Type.String(), loud: Type.Optional(Type.Boolean()) }),
  reply: Type.Object({ ok: Type.Boolean() }),
})
const watch = route({ ...ping, path: '/api/v1/watch/:name', event: Type.Object({ at: Type.Number() }) })

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A TLS server that says `answer` to whoever talks, and keeps what it was told. */
async function impostor(answer = ''): Promise<{ url: URL; heard: () => string; fingerprint: string; pem: string }> {
  const made = await selfSigned(['localhost', '127.0.0.1'], Date.now())
  let said = ''
  const server = createTlsServer({ cert: made.certificate, key: made.key }, socket => {
    socket.on('error', () => undefined)
    socket.on('data', data => {
      said += data.toString('utf8')
      if (answer !== '') socket.end(answer)
    })
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    await new Promise(resolve => server.close(resolve))
  })
  const { X509Certificate } = await import('node:crypto')
  const fingerprint = new X509Certificate(made.certificate).fingerprint256.replaceAll(':', '').toLowerCase()
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return { url, heard: () => said, fingerprint, pem: made.certificate }
}

/** A plain server of these raw answers, one for each request. */
async function answering(...answers: readonly string[]): Promise<URL> {
  const left = [...answers]
  const server = createServer((_request, response) => {
    const answer = left.shift() ?? ''
    const [head, body] = [answer.slice(0, answer.indexOf('\n\n')), answer.slice(answer.indexOf('\n\n') + 2)]
    const [status, type] = head.split(' ')
    response.writeHead(Number(status), { 'content-type': type ?? '' })
    if (body.endsWith('…')) {
      response.write(body.slice(0, -1))
      setTimeout(() => response.destroy(), 20)
    } else response.end(body)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
}

function client(server: Omit<RemoteServer, 'token'>): ApiClient {
  const made = new ApiClient({ ...server, token: TOKEN }, 'the server')
  closers.push(async () => made.close())
  return made
}

describe('a token', () => {
  test('is not told to a server whose certificate nobody vouches for', async () => {
    const { url, heard } = await impostor()
    await expect(client({ url }).call(ping, { name: 'a' })).rejects.toMatchObject({ code: 'wrong-certificate' })
    expect(heard()).toBe('')
  })

  test('is not told to a server with another certificate than the pinned one', async () => {
    const { url, heard, fingerprint } = await impostor()
    const other = '0'.repeat(64)
    const calling = client({ url, fingerprint: other }).call(ping, { name: 'a' })
    await expect(calling).rejects.toThrow(new RegExp(`shows the certificate ${fingerprint}, not ${other}`))
    expect(heard()).toBe('')
  })

  test('is told to the one whose certificate is pinned, or given', async () => {
    const answer = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}'
    const { url, heard, fingerprint, pem } = await impostor(answer)
    expect(await client({ url, fingerprint }).call(ping, { name: 'a' })).toEqual({ ok: true })
    expect(await client({ url, ca: pem }).call(ping, { name: 'a' })).toEqual({ ok: true })
    expect(heard().split(TOKEN)).toHaveLength(3)
  })

  test('is not told to a certificate for another name, even one of a known authority', async () => {
    const made = await impostor()
    const calling = client({ url: new URL(`https://[::ffff:127.0.0.1]:${made.url.port}`), ca: made.pem }).call(ping, {
      name: 'a',
    })
    await expect(calling).rejects.toMatchObject({ code: 'wrong-certificate' })
    expect(made.heard()).toBe('')
  })
})

describe('what comes back', () => {
  test.each([
    ['200 application/json\n\n{"ok":', 'broken-answer'],
    ['200 application/json\n\n{"ok":…', 'broken-answer'],
    ['404 text/html\n\n<html>', 'broken-answer'],
    ['404 application/json\n\n{"error":"x"}', 'broken-answer'],
    ['302 text/plain\n\n', 'broken-answer'],
    ['403 application/json\n\n{"code":"forbidden","message":"no"}', 'forbidden'],
    ['429 application/json\n\n{"code":"rate-limited","message":"wait"}', 'rate-limited'],
  ])('%j is %s', async (answer, code) => {
    const url = await answering(answer)
    await expect(client({ url }).call(ping, { name: 'a' })).rejects.toMatchObject({ code })
  })

  test('in lines is events until the reply; empty lines only show that it lives', async () => {
    const lines = ['{"event":{"at":1}}', '', '{"event":{"at":2}}', '{"reply":{"ok":true}}', '']
    const url = await answering(`200 application/x-ndjson\n\n${lines.join('\n')}`)
    const seen: number[] = []
    const reply = await client({ url }).call(watch, { name: 'a' }, { onEvent: ({ at }) => seen.push(at) })
    expect([seen, reply]).toEqual([[1, 2], { ok: true }])
  })

  test.each([
    ['{"event":{"at":1}}\n', 'broken-answer'],
    ['{"event":{"at":1}}\n{"rep…', 'broken-answer'],
    ['nonsense\n', 'broken-answer'],
    ['{"error":{"code":"disk-full","message":"no room"}}\n', 'disk-full'],
  ])('in lines that end early is told: %j', async (text, code) => {
    const url = await answering(`200 application/x-ndjson\n\n${text}`)
    await expect(client({ url }).call(watch, { name: 'a' })).rejects.toMatchObject({ code })
  })

  test('of nobody says where nobody listens, with the exit code of what is unavailable', async () => {
    const { url } = await impostor()
    await closers.splice(0)[0]?.()
    const error = await client({ url })
      .call(ping, { name: 'a' })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'not-running', message: expect.stringContaining(url.host) })
    expect(exitCodeOf(error)).toBe(5)
  })
})

describe('what is sent', () => {
  test('never leaves its place in the path', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(request.url ?? '')
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    closers.push(async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    })
    const calls = client({ url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) })
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 20 }), async name => {
        if (name === '' || name === '.' || name === '..') {
          await expect(calls.call(ping, { name })).rejects.toMatchObject({ code: 'bad-request' })
          return
        }
        await calls.call(ping, { name, loud: true })
        const [, , , , segment = '', ...more] = (seen.at(-1) ?? '').replace('?loud=true', '').split('/')
        expect([decodeURIComponent(segment), more]).toEqual([name, []])
      }),
      { numRuns: 100 },
    )
  })
})
