import { type IncomingMessage, request } from 'node:http'
import type { Duplex } from 'node:stream'

const ANSWER_MS = 30_000
/** Git may think for long before its first byte. */
const SILENCE_MS = 1_800_000

/** Asks a local daemon for bytes in both directions. Answers the connection, or the answer that refuses it. */
export function openRawStream(
  socketPath: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): Promise<Duplex | IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex | IncomingMessage>()
  const call = request({
    socketPath,
    path: target,
    headers: { host: 'vigo', connection: 'Upgrade', upgrade: 'vigo-raw', ...headers },
  })
  call.once('upgrade', (_response, socket, head) => {
    if (head.byteLength > 0) socket.unshift(head)
    socket.removeAllListeners('timeout')
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('the daemon has been silent for too long')))
    resolve(socket)
  })
  call.once('response', resolve)
  call.once('error', reject)
  call.setTimeout(ANSWER_MS, () => call.destroy(new Error('the daemon does not answer')))
  call.end()
  return promise
}
