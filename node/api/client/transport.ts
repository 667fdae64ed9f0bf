import { Agent, type IncomingMessage, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { connectPinned } from './pinned.ts'

/** A server somewhere else. */
export interface RemoteServer {
  /** `https://host:port`; `http://` for loopback only. */
  readonly url: URL
  /** `vgot_…` */
  readonly token: string
  /** PEM text of the authority, or of the server's own certificate; the system's authorities otherwise. */
  readonly ca?: string
  /** SHA-256 of the server's certificate, 64 hex digits. Then neither authority nor name count. */
  readonly fingerprint?: string
}

export interface Outgoing {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload: { readonly text: string } | { readonly stream: Readable; readonly sizeBytes: number }
  readonly signal?: AbortSignal | undefined
}

/** One way to a daemon; resolves with the answer's head. Errors are the system's own. */
export interface Transport {
  /** For messages: a path or an address. */
  readonly where: string
  send(outgoing: Outgoing): Promise<IncomingMessage>
  close(): void
}

/** How long a connection may be silent. A daemon of this machine may be busy with its disk; streams show that they live. */
const LOCAL_IDLE_MS = 600_000
const REMOTE_IDLE_MS = 60_000

export function overSocket(path: string): Transport {
  const agent = new Agent({ keepAlive: true, maxSockets: 4, timeout: LOCAL_IDLE_MS })
  return {
    where: path,
    send: outgoing => send(request, { socketPath: path, agent, host: 'vigo' }, outgoing),
    close: () => agent.destroy(),
  }
}

export function overNetwork({ url, ca, fingerprint }: RemoteServer): Transport {
  const settings = { keepAlive: true, maxSockets: 4, timeout: REMOTE_IDLE_MS }
  const address = { hostname: url.hostname.replace(/^\[|\]$/g, ''), port: url.port, host: url.host }
  if (url.protocol === 'http:') {
    const agent = new Agent(settings)
    return { where: url.origin, send: out => send(request, { ...address, agent }, out), close: () => agent.destroy() }
  }
  const agent = new TlsAgent({ ...settings, ...(ca === undefined ? {} : { ca }) })
  if (fingerprint !== undefined) {
    agent.createConnection = (_options, created) => {
      connectPinned({ host: address.hostname, port: Number(url.port || 443) }, fingerprint, (error, socket) =>
        created?.(error, socket as never),
      )
      return undefined
    }
  }
  return { where: url.origin, send: out => send(tlsRequest, { ...address, agent }, out), close: () => agent.destroy() }
}

interface Address {
  readonly socketPath?: string
  readonly hostname?: string
  readonly port?: string
  readonly host: string
  readonly agent: Agent
}

function send(open: typeof request, { host, ...address }: Address, outgoing: Outgoing): Promise<IncomingMessage> {
  const { method, target, headers, payload, signal } = outgoing
  const sizeBytes = 'text' in payload ? Buffer.byteLength(payload.text) : payload.sizeBytes
  return new Promise((resolve, reject) => {
    const call = open({
      ...address,
      method,
      path: target,
      headers: { host, ...headers, 'content-length': String(sizeBytes) },
      ...(signal === undefined ? {} : { signal }),
    })
    let answered = false
    call.on('response', response => {
      answered = true
      resolve(response)
    })
    call.on('timeout', () => call.destroy(new SilentError('no word came for too long')))
    // When the bytes to upload fail, the request only breaks off; the reason is theirs.
    call.on('error', error => reject('stream' in payload ? (payload.stream.errored ?? error) : error))
    if ('text' in payload) call.end(payload.text)
    // The daemon may refuse before it has read everything; then its answer counts, not the broken pipe.
    else pipeline(payload.stream, call).catch((error: unknown) => setTimeout(() => answered || reject(error), 500))
  })
}

/** Nothing came on the connection for its idle time. */
export class SilentError extends Error {}
