import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Span } from '#config/lang'
import { probeUrls, urlDiagnostics } from './probe-urls.ts'
import type { UrlProbe } from './types.ts'

const text = 'url: somewhere\n'
const span = (path = 'configcrates/a.vgo'): Span => ({ file: { path, text }, start: 5, end: 14 })
const use = (url: string) => ({ url, span: span() })

interface Site extends AsyncDisposable {
  readonly url: string
  readonly requests: string[]
}

async function site(listener: RequestListener): Promise<Site> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    listener(request, response)
  })
  return { ...(await listen(server, () => server.closeAllConnections())), requests }
}

async function tcpSite(onConnection: (socket: Socket) => void): Promise<Omit<Site, 'requests'>> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  return await listen(server, () => {
    for (const socket of sockets) socket.destroy()
  })
}

async function listen(server: Server | TcpServer, drop: () => void) {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        drop()
      }),
  }
}

async function probeOne(url: string, timeoutMs = 5000): Promise<UrlProbe> {
  const [probe] = await probeUrls([use(url)], { timeoutMs })
  return probe!
}

describe('probeUrls', () => {
  test('asks with HEAD, and asks each URL once', async () => {
    await using server = await site((_request, response) => response.end())
    const uses = [use(`${server.url}/a`), use(`${server.url}/b`), { url: `${server.url}/a`, span: span('b.vgo') }]
    const progress: string[] = []
    const probes = await probeUrls(uses, {
      concurrency: 1,
      onProgress: (done, total) => progress.push(`${done}/${total}`),
    })
    expect(probes.map(({ url, outcome, spans }) => [url, outcome, spans.length])).toEqual([
      [`${server.url}/a`, 'alive', 2],
      [`${server.url}/b`, 'alive', 1],
    ])
    expect(server.requests).toEqual(['HEAD /a', 'HEAD /b'])
    expect(progress).toEqual(['1/2', '2/2'])
    expect(urlDiagnostics(probes)).toEqual([])
  })

  test.each([405, 501])('asks for the first byte where HEAD answers %i', async status => {
    let range: string | undefined
    await using server = await site((request, response) => {
      range ??= request.headers.range
      response.writeHead(request.method === 'HEAD' ? status : 206).end()
    })
    expect(await probeOne(`${server.url}/a`)).toMatchObject({ outcome: 'alive', status: 206 })
    expect(server.requests).toEqual(['HEAD /a', 'GET /a'])
    expect(range).toBe('bytes=0-0')
  })

  test('takes an empty file for alive, though it has no first byte', async () => {
    await using server = await site((request, response) =>
      response.writeHead(request.method === 'HEAD' ? 405 : 416).end(),
    )
    expect(await probeOne(server.url)).toMatchObject({ outcome: 'alive' })
  })

  test('is not held by a body without an end', async () => {
    await using server = await site((request, response) => {
      if (request.method === 'HEAD') response.writeHead(405).end()
      else {
        const more = (): boolean => response.write('x'.repeat(65_536))
        response.on('drain', more)
        more()
      }
    })
    expect(await probeOne(server.url)).toMatchObject({ outcome: 'alive', status: 200 })
  })

  test('names URL, status and place of what answers with an error', async () => {
    await using server = await site((request, response) => {
      response.writeHead(request.url === '/down' ? 503 : request.method === 'HEAD' ? 405 : 404).end()
    })
    const uses = [
      use(`${server.url}/down`),
      { url: `${server.url}/gone`, span: span('b.vgo') },
      use(`${server.url}/gone`),
    ]
    const diagnostics = urlDiagnostics(await probeUrls(uses))
    const hint = 'mend the URL or its server; without network, publish with --skip-url-check'
    expect(
      diagnostics.map(({ span: place, message, code, severity, hint: h }) => [
        place.file.path,
        message,
        code,
        severity,
        h,
      ]),
    ).toEqual([
      [
        'configcrates/a.vgo',
        `the URL ${server.url}/down cannot be used: it answers 503`,
        'url-not-alive',
        'error',
        hint,
      ],
      ['b.vgo', `the URL ${server.url}/gone cannot be used: it answers 404`, 'url-not-alive', 'error', hint],
      [
        'configcrates/a.vgo',
        `the URL ${server.url}/gone cannot be used: it answers 404`,
        'url-not-alive',
        'error',
        hint,
      ],
    ])
  })

  test('follows up to five redirects, relative ones too, and names where they end', async () => {
    await using server = await site((request, response) => {
      const left = Number(request.url?.slice(1))
      if (left > 0) response.writeHead([301, 302, 303, 307, 308][left % 5]!, { location: `./${left - 1}` }).end()
      else response.writeHead(request.url === '/0' ? 200 : 404).end()
    })
    expect(await probeOne(`${server.url}/5`)).toMatchObject({ outcome: 'alive' })
    expect(await probeOne(`${server.url}/6`)).toMatchObject({ outcome: 'dead', why: 'it redirects more than 5 times' })
    await using other = await site((_request, response) =>
      response.writeHead(302, { location: `${server.url}/x` }).end(),
    )
    expect(await probeOne(other.url)).toMatchObject({ status: 404, why: `${server.url}/x answers 404` })
  })

  test('ends with a server that redirects forever, nowhere, or away from HTTP', async () => {
    await using server = await site((request, response) => {
      const location = { '/loop': '/loop', '/file': 'file:///etc/passwd', '/bad': 'http://[' }[request.url ?? '']
      response.writeHead(302, location === undefined ? {} : { location }).end()
    })
    const why = async (path: string): Promise<unknown> => {
      const probe = await probeOne(server.url + path)
      return probe.outcome === 'dead' ? probe.why : probe.outcome
    }
    expect(await why('/loop')).toBe('it redirects more than 5 times')
    expect(await why('/nowhere')).toBe('it answers 302 without saying where to')
    expect(await why('/file')).toBe('it redirects to file:///etc/passwd, which is no HTTP address')
    expect(await why('/bad')).toBe('it redirects to http://[, which is no HTTP address')
  })

  test('gives up on one that never answers, and on one that never ends its headers, while others are asked', async () => {
    await using silent = await tcpSite(() => undefined)
    await using slow = await tcpSite(socket => {
      const timer = setInterval(() => socket.write('x: y\r\n'), 20)
      socket.write('HTTP/1.1 200 OK\r\n')
      socket.on('close', () => clearInterval(timer))
    })
    await using good = await site((_request, response) => response.end())
    const probes = await probeUrls([use(silent.url), use(slow.url), use(good.url)], { timeoutMs: 300, concurrency: 3 })
    const late = { outcome: 'dead', status: null, why: 'it did not answer within 300ms' }
    expect(probes).toMatchObject([late, late, { outcome: 'alive' }])
  })

  test('has words for connections that fail', async () => {
    await using closing = await tcpSite(socket => socket.end())
    await using talking = await tcpSite(socket => socket.end('SSH-2.0-OpenSSH\r\n'))
    const gone = await site(() => undefined)
    await gone[Symbol.asyncDispose]()
    expect(await probeOne(gone.url)).toMatchObject({ outcome: 'dead', why: 'its host refuses the connection' })
    expect(await probeOne(closing.url)).toMatchObject({ outcome: 'dead', why: 'its host closed the connection' })
    expect(await probeOne(talking.url)).toMatchObject({ outcome: 'dead', why: expect.stringContaining('Parse Error') })
    expect(await probeOne('http://no-such-host.invalid/')).toMatchObject({ outcome: 'dead', status: null })
  })

  test('skips what is not HTTP or not known yet, and refuses what is no URL', async () => {
    const urls = [
      'ssh://git@h/r.git',
      'git://h/r.git',
      'https://{{ .Vars.host }}/x',
      'https://u:secret:a/b@h/',
      'git@h:r.git',
      'http://',
    ]
    expect(
      (await probeUrls(urls.map(use))).map(probe =>
        probe.outcome === 'alive' ? '' : `${probe.outcome}: ${probe.why}`,
      ),
    ).toEqual([
      'skipped: it is not HTTP',
      'skipped: it is not HTTP',
      'skipped: it is a template',
      'skipped: it has a secret in it',
      'skipped: it is not HTTP',
      'dead: it is not a URL',
    ])
  })

  test('never shows a password', async () => {
    await using server = await site((request, response) => {
      const isAllowed = request.headers.authorization === `Basic ${btoa('me:hunter2')}`
      response.writeHead(isAllowed ? 404 : 401).end()
    })
    const [diagnostic] = urlDiagnostics(await probeUrls([use(server.url.replace('//', '//me:hunter2@'))]))
    expect(diagnostic?.message).toBe(`the URL ${server.url.replace('//', '//me:***@')} cannot be used: it answers 404`)
  })

  test('stops when it is told to', async () => {
    await using silent = await tcpSite(() => undefined)
    const stop = new AbortController()
    const probing = probeUrls([use(silent.url)], { signal: stop.signal })
    stop.abort(new Error('enough'))
    await expect(probing).rejects.toThrow('enough')
  })
})
