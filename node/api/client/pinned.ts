import type { Socket } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import { ApiError } from '../errors.ts'

/**
 * A TLS connection to whoever has the certificate of this SHA-256 fingerprint. It is given out only after that was seen, so that nobody
 * else gets to read a token.
 */
export function connectPinned(
  options: ConnectionOptions,
  fingerprint: string,
  created: (error: Error | null, socket?: Socket) => void,
): void {
  const socket = connect({ ...options, rejectUnauthorized: false })
  socket.once('error', onError)
  socket.once('secureConnect', () => {
    socket.off('error', onError)
    const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase()
    if (shown === fingerprint) return created(null, socket)
    socket.destroy()
    created(new ApiError('wrong-certificate', `the server shows the certificate ${shown}, not ${fingerprint}`))
  })
  function onError(error: Error): void {
    created(error)
  }
}
