import type { IncomingMessage } from 'node:http'

export interface Answer {
  readonly status: number
  readonly location: string | undefined
}

const HEADERS = { 'user-agent': 'vigocli', accept: '*/*' }

/**
 * One request, for its status only: the connection is closed as soon as the headers are here, whatever body follows. No redirect is
 * followed, and no connection is kept. Most commands ask nothing: what asks is loaded only now.
 */
export async function ask(url: URL, method: 'HEAD' | 'GET', signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const headers = method === 'GET' ? { ...HEADERS, range: 'bytes=0-0' } : HEADERS
  const http = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const request = http.request(url, { method, headers, signal })
  request.on('response', (response: IncomingMessage) => {
    resolve({ status: response.statusCode ?? 0, location: response.headers.location })
    response.destroy()
  })
  request.on('error', reject)
  // A server that switches protocols, or ends without an answer.
  request.on('upgrade', (_response, socket) => socket.destroy())
  request.on('close', () => reject(new Error('the connection was closed without an answer')))
  request.end()
  return await promise
}
