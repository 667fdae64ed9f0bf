import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { MessageStream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'

/** The part of the TCP transport's connection that the interface does not show. */
interface TcpConnection {
  readonly socket: Socket
  readonly readBuffer: Uint8ArrayList
}

/** A TCP connection of libp2p together with its socket, or null for any other (relayed, in-memory). */
export function tcpConnection(connection: MessageStream): TcpConnection | null {
  if (!('socket' in connection) || !('readBuffer' in connection)) return null
  const { socket, readBuffer } = connection
  if (!(socket instanceof Socket) || socket instanceof TLSSocket || !(readBuffer instanceof Uint8ArrayList)) return null
  return { socket, readBuffer }
}

/**
 * Takes the socket away from libp2p's connection, which from here on only learns of its end. Bytes that came with the
 * last message of the protocol negotiation are pushed back, so that the next reader of the socket finds them first.
 * @throws Error when the socket is gone already
 */
export function takeSocket(connection: TcpConnection): Socket {
  const { socket, readBuffer } = connection
  if (socket.destroyed || socket.readableEnded || !socket.writable) {
    throw new Error('the connection closed before the TLS handshake')
  }
  socket.pause()
  socket.removeAllListeners('data')
  socket.removeAllListeners('drain')
  // Whether the other side lives is asked otherwise; this timer would be wound up again with each piece that comes or goes.
  socket.setTimeout(0)
  if (readBuffer.byteLength > 0) {
    const early = readBuffer.slice()
    readBuffer.consume(readBuffer.byteLength)
    socket.unshift(early)
  }
  return socket
}

/**
 * Makes every way of ending the raw socket end the TLS socket first, which then closes the raw one. Resetting the handle
 * under a fresh TLS socket is a segmentation fault in Node 24, and libp2p does it whenever the gate refuses a stranger.
 */
export function endThrough(secured: TLSSocket, raw: Socket): void {
  const destroy = raw.destroy.bind(raw)
  raw.destroy = error => {
    if (secured.destroyed) return destroy(error)
    secured.destroy(error)
    return raw
  }
  raw.resetAndDestroy = () => raw.destroy()
  raw.destroySoon = () => {
    if (secured.destroyed) raw.destroy()
    else secured.destroySoon()
  }
}
