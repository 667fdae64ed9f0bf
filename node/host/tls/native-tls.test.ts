import { once } from 'node:events'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import type { ConnectionEncrypter, Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { Uint8ArrayList } from 'uint8arraylist'
import { afterEach, describe, expect, test } from 'vitest'
import { Libp2pFrameStream } from '../frame-stream.ts'
import { identityFromSeed } from '../identity.ts'
import { quietLogger } from '../quiet.ts'
import { nativeTls } from './native-tls.ts'
import { takeSocket, tcpConnection } from './raw-socket.ts'

type Encrypters = Parameters<typeof createLibp2p>[0] extends infer O | undefined
  ? O extends { connectionEncrypters?: infer E }
    ? E
    : never
  : never

const PROTOCOL = '/test/tls/1'
const MIB = 1024 * 1024

/** Self-signed and valid, without libp2p's extension. The key is made for this test and opens nothing. */
const PLAIN_CERTIFICATE = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsF1SaGKauECOlHwN
zPM4ggv2LsO4c3k3+HrHTNj9i3ehRANCAAT3W0OgetBs3HaGJPUQfuGBA7+F/5vS
d3dZSzEiBX5ZDSrLaaOgpCvTxefybR67PuHiUz+Z3xAcLIpepMl1WWFq
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIURtK1/wlXri6P3XVwr43UV00ihN8wCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFcGxhaW4wIBcNMjYxMTIwMTEyNTA1WhgPMjEyNjEwMjcxMTI1
MDVaMBAxDjAMBgNVBAMMBXBsYWluMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
91tDoHrQbNx2hiT1EH7hgQO/hf+b0nd3WUsxIgV+WQ0qy2mjoKQr08Xn8m0euz7h
4lM/md8QHCyKXqTJdVlhaqNTMFEwHQYDVR0OBBYEFDpZwXCgWkZfNviXRRcr/8J9
GZD5MB8GA1UdIwQYMBaAFDpZwXCgWkZfNviXRRcr/8J9GZD5MA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAOuto1r17Al2/Kq4ABJx4WebwGsHG415
KRBNOf9LQNXRAiBp4kxNWQRHy3Jxyd7sPjvhkEd1pNRipDxDdsCZGEONLg==
-----END CERTIFICATE-----
`,
}

describe('TLS on the native handle', () => {
  const nodes: Libp2p[] = []
  const sockets: { destroy(): void }[] = []

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await Promise.all(nodes.splice(0).map(async node => node.stop()))
  })

  async function node(kind: 'native' | 'stock'): Promise<Libp2p> {
    const encrypter = (kind === 'native' ? nativeTls() : tls()) as (components: never) => ConnectionEncrypter
    const created = await createLibp2p({
      logger: quietLogger,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [encrypter] as Encrypters,
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: MIB } })],
      connectionGater: { denyDialMultiaddr: () => false },
      connectionMonitor: { enabled: false },
      connectionManager: { inboundUpgradeTimeout: 1_000 },
    })
    nodes.push(created)
    return created
  }

  function portOf(created: Libp2p): number {
    const address = created.getMultiaddrs()[0]?.toString() ?? ''
    return Number(/tcp\/(\d+)/.exec(address)?.[1])
  }

  for (const [from, to] of [
    ['native', 'native'],
    ['native', 'stock'],
    ['stock', 'native'],
  ] as const) {
    test(`a ${from} dialler and a ${to} listener exchange 8 MiB both ways, with the muxer chosen early`, async () => {
      const [a, b] = [await node(from), await node(to)]
      await b.handle(PROTOCOL, async stream => {
        const frames = new Libp2pFrameStream(stream, 'a', MIB)
        for (let frame = await frames.receive(); frame !== null; frame = await frames.receive()) {
          await frames.send([...frame])
        }
        await frames.closeWrite()
      })
      const connection = await a.dial(b.getMultiaddrs())
      expect([connection.encryption, connection.multiplexer]).toEqual(['/tls/1.0.0', '/yamux/1.0.0'])
      expect(connection.remotePeer.equals(b.peerId)).toBe(true)
      const frames = new Libp2pFrameStream(await connection.newStream(PROTOCOL), 'b', MIB)
      const sending = (async () => {
        for (let i = 0; i < 8; i++) await frames.send(new Uint8Array(MIB).fill(i))
        await frames.closeWrite()
      })()
      for (let i = 0; i < 8; i++) {
        const frame = await frames.receive()
        expect([frame?.byteLength, frame?.get(0), frame?.get(MIB - 1)]).toEqual([MIB, i, i])
      }
      expect(await frames.receive()).toBeNull()
      await sending
      await connection.close()
      await expect.poll(() => b.getConnections().length).toBe(0)
    })
  }

  test('what was lent comes back when the system has it, once, and may then be overwritten', async () => {
    const [a, b] = [await node('native'), await node('native')]
    const received: Uint8Array[] = []
    await b.handle(PROTOCOL, async stream => {
      const frames = new Libp2pFrameStream(stream, 'a', 2 * MIB)
      for (let frame = await frames.receive(); frame !== null; frame = await frames.receive()) {
        received.push(frame.slice())
      }
      await frames.closeWrite()
    })
    const connection = await a.dial(b.getMultiaddrs())
    const frames = new Libp2pFrameStream(await connection.newStream(PROTOCOL), 'b', 2 * MIB)
    const free = [Buffer.allocUnsafeSlow(MIB), Buffer.allocUnsafeSlow(MIB)]
    let returns = 0
    for (let i = 0; i < 12; i++) {
      await expect.poll(() => free.length, { interval: 1 }).toBeGreaterThan(0)
      const bytes = free.shift()!.fill(i)
      const onSent = (): void => {
        returns++
        free.push(bytes.fill(0xee))
      }
      await frames.send([Uint8Array.of(i), bytes], { onSent })
    }
    await frames.closeWrite()
    expect(await frames.receive()).toBeNull()
    await expect.poll(() => returns).toBe(12)
    expect(received.map(frame => [frame[0], frame.subarray(1).every(byte => byte === frame[0])])).toEqual(
      Array.from({ length: 12 }, (_, i) => [i, true]),
    )
  })

  test('another peer than the one dialled is refused', async () => {
    for (const [from, to] of [
      ['native', 'native'],
      ['native', 'stock'],
    ] as const) {
      const [a, b] = [await node(from), await node(to)]
      const { peerId } = identityFromSeed(new Uint8Array(32).fill(9))
      const wrong = multiaddr(`/ip4/127.0.0.1/tcp/${portOf(b)}/p2p/${peerId}`)
      await expect(a.dial(wrong)).rejects.toThrow()
      expect(a.getConnections()).toEqual([])
      await expect.poll(() => b.getConnections().length).toBe(0)
    }
  })

  /** Speaks multistream-select by hand up to `/tls/1.0.0`, then TLS with any certificate or none. */
  async function stranger(port: number, pem?: { key: string; cert: string }): Promise<TLSSocket> {
    const raw = await negotiated(port)
    const secured = new TLSSocket(raw, {
      isServer: false,
      rejectUnauthorized: false,
      ...(pem === undefined ? {} : { secureContext: createSecureContext(pem) }),
      ALPNProtocols: ['/yamux/1.0.0'],
    } as ConstructorParameters<typeof TLSSocket>[1])
    sockets.push(secured)
    secured.on('error', () => undefined)
    return secured
  }

  async function negotiated(port: number): Promise<Socket> {
    const raw = connectTcp(port, '127.0.0.1')
    sockets.push(raw)
    raw.on('error', () => undefined)
    await once(raw, 'connect')
    raw.write('\x13/multistream/1.0.0\n\x0b/tls/1.0.0\n')
    let seen = 0
    while (seen < 32) {
      const [chunk] = (await once(raw, 'data')) as [Uint8Array]
      seen += chunk.byteLength
    }
    raw.removeAllListeners('data')
    raw.pause()
    return raw
  }

  test('a peer without a certificate, or with garbage for one, is refused and its socket closed', async () => {
    const b = await node('native')
    for (const pem of [undefined, PLAIN_CERTIFICATE]) {
      const secured = await stranger(portOf(b), pem)
      secured.resume()
      await once(secured, 'close')
      expect(b.getConnections()).toEqual([])
    }
  })

  test('bytes that are no TLS, an early end, and a handshake that stalls all end with the socket closed', async () => {
    const b = await node('native')
    for (const behave of [
      (raw: Socket) => raw.write('GET / HTTP/1.1\r\n\r\n'),
      (raw: Socket) => raw.end(),
      (raw: Socket) => raw.write(Uint8Array.of(0x16, 0x03, 0x01)),
      () => undefined,
    ]) {
      const raw = await negotiated(portOf(b))
      raw.resume()
      behave(raw)
      await once(raw, 'close')
    }
    expect(b.getConnections()).toEqual([])
    const a = await node('native')
    await a.dial(b.getMultiaddrs())
    expect(a.getConnections().length).toBe(1)
  })

  test('bytes that came with the last line of the negotiation are given to TLS first', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const client = connectTcp(port, '127.0.0.1')
    sockets.push(client)
    const [socket] = (await once(server, 'connection')) as [Socket]
    sockets.push(socket)
    server.close()
    const readBuffer = new Uint8ArrayList(Buffer.from('first '), Buffer.from('second '))
    const connection = { socket, readBuffer }
    const taken = takeSocket(connection)
    client.end('third')
    let text = ''
    taken.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    taken.resume()
    await once(taken, 'end')
    expect([text, readBuffer.byteLength]).toEqual(['first second third', 0])
    expect(() => takeSocket(connection)).toThrow('closed before the TLS handshake')
    expect(tcpConnection({ log: () => undefined } as never)).toBeNull()
  })
})
