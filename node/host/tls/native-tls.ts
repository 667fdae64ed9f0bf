/**
 * The libp2p TLS protocol `/tls/1.0.0` (libp2p/specs, tls/tls.md) on the TCP socket's own handle.
 *
 * On the wire it is the stock `@libp2p/tls`: TLS 1.3 only, a self-signed P-256 certificate on both sides whose extension
 * 1.3.6.1.4.1.53594.1.1 holds the libp2p key and its signature over the certificate's key, the muxer chosen by ALPN. The
 * difference is local: the stock one runs `node:tls` over a duplex written in JavaScript, so that each record crosses
 * into JavaScript and back; this one takes the `net.Socket` over and lets OpenSSL read and write its handle. A connection
 * without such a socket (a relayed one) goes through the stock encrypter.
 */
import { connect, TLSSocket } from 'node:tls'
import {
  type ComponentLogger,
  type ConnectionEncrypter,
  type MessageStream,
  type Metrics,
  type PeerId,
  type PrivateKey,
  type SecureConnectionOptions,
  type SecuredConnection,
  type StreamMuxerFactory,
  serviceCapabilities,
  type Upgrader,
} from '@libp2p/interface'
import { PROTOCOL, tls } from '@libp2p/tls'
import { TlsIdentity } from './certificate.ts'
import { peerOfCertificate } from './peer-certificate.ts'
import { endThrough, takeSocket, tcpConnection } from './raw-socket.ts'
import { SecuredStream, WriteRounds } from './secured-stream.ts'

/** The ALPN name that stands for "the muxer is negotiated afterwards". */
const NO_EARLY_MUXER = 'libp2p'
/** Bytes that the TLS socket queues before it asks the muxer to wait. */
const SOCKET_BUFFER_BYTES = 512 * 1024
/** A certificate of this protocol has about 600 bytes; parsing a huge one would be work for a stranger. */
const MAX_CERTIFICATE_BYTES = 16 * 1024

interface TlsComponents {
  privateKey: PrivateKey
  upgrader: Upgrader
  logger: ComponentLogger
  metrics?: Metrics
}

export function nativeTls(): (components: TlsComponents) => ConnectionEncrypter {
  return components => new NativeTls(components)
}

class NativeTls implements ConnectionEncrypter {
  readonly protocol = PROTOCOL
  readonly [serviceCapabilities] = ['@libp2p/connection-encryption']
  readonly #components: TlsComponents
  readonly #identity: TlsIdentity
  readonly #rounds = new WriteRounds()
  #stock: ConnectionEncrypter | undefined

  constructor(components: TlsComponents) {
    this.#components = components
    this.#identity = new TlsIdentity(components.privateKey)
  }

  async secureInbound(connection: MessageStream, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    return this.#secure(connection, options, true)
  }

  async secureOutbound(connection: MessageStream, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    return this.#secure(connection, options, false)
  }

  async #secure(
    connection: MessageStream,
    options: SecureConnectionOptions,
    isServer: boolean,
  ): Promise<SecuredConnection> {
    const tcp = tcpConnection(connection)
    if (tcp === null) {
      this.#stock ??= tls()(this.#components)
      return isServer ? this.#stock.secureInbound(connection, options) : this.#stock.secureOutbound(connection, options)
    }
    const muxers = options.skipStreamMuxerNegotiation === true ? new Map() : this.#components.upgrader.getStreamMuxers()
    const secureContext = await this.#identity.context()
    options.signal?.throwIfAborted()
    const common = {
      secureContext,
      rejectUnauthorized: false,
      highWaterMark: SOCKET_BUFFER_BYTES,
    }
    const raw = takeSocket(tcp)
    const socket = isServer
      ? new TLSSocket(raw, {
          ...common,
          isServer: true,
          requestCert: true,
          ALPNCallback: ({ protocols }) => chooseAlpn(protocols, muxers),
        })
      : connect({ ...common, socket: raw, ALPNProtocols: [...muxers.keys(), NO_EARLY_MUXER] })
    endThrough(socket, raw)
    try {
      await handshake(socket, options.signal)
      const remotePeer = await verify(socket, options.remotePeer)
      options.signal?.throwIfAborted()
      const streamMuxer = muxerOf(socket, muxers)
      return {
        remotePeer,
        connection: new SecuredStream(connection, socket, this.#rounds),
        ...(streamMuxer === undefined ? {} : { streamMuxer }),
      }
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      connection.abort(reason)
      socket.destroy()
      throw reason
    }
  }
}

/** The first muxer that both have, as the stock encrypter chooses. */
function chooseAlpn(offered: string[], muxers: ReadonlyMap<string, StreamMuxerFactory>): string | undefined {
  return offered.find(name => muxers.has(name)) ?? offered.find(name => name === NO_EARLY_MUXER)
}

function muxerOf(socket: TLSSocket, muxers: ReadonlyMap<string, StreamMuxerFactory>): StreamMuxerFactory | undefined {
  const name = socket.alpnProtocol
  if (typeof name !== 'string' || name === NO_EARLY_MUXER) return undefined
  const muxer = muxers.get(name)
  if (muxer === undefined) throw new Error(`the other side chose the muxer ${name}, which was not offered`)
  return muxer
}

function handshake(socket: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      signal?.removeEventListener('abort', onAbort)
      socket.removeListener('secure', onSecure)
      socket.removeListener('close', onClose)
      socket.removeListener('error', done)
      if (error === undefined) resolve()
      else reject(error)
    }
    const onAbort = (): void => done(new Error('the TLS handshake took too long'))
    const onSecure = (): void => done()
    const onClose = (): void => done(new Error('the connection closed during the TLS handshake'))
    signal?.addEventListener('abort', onAbort, { once: true })
    socket.once('secure', onSecure)
    socket.once('close', onClose)
    socket.once('error', done)
    // Stays for the socket's life: an error that nobody listens to would end the process. It must hold nothing of the handshake.
    socket.on('error', ignored)
  })
}

function ignored(): void {}

async function verify(socket: TLSSocket, expected: PeerId | undefined): Promise<PeerId> {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw new Error('the other side sent no certificate')
  if (certificate.raw.byteLength > MAX_CERTIFICATE_BYTES)
    throw new Error('the certificate of the other side is too large')
  return peerOfCertificate(certificate, expected)
}
