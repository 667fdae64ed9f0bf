import { networkInterfaces } from 'node:os'
import { answerOne, createOpenHost, type OpenHost } from '#node/host'
import { type EnrolmentDesk, enrolProtocol, type JoinUrl } from '#swarm/roster'

/** The second, tiny host of a bolt, on its own port: it speaks `/vigo/enroll/1` with strangers and nothing else. */
export function startEnrolmentHost(options: {
  seed: Uint8Array
  listen: readonly string[]
  desk: EnrolmentDesk
}): Promise<OpenHost> {
  return createOpenHost({
    privateKeySeed: options.seed,
    listen: options.listen,
    protocols: {
      [enrolProtocol.id]: {
        maxFrameBytes: enrolProtocol.maxRequestBytes,
        handler: stream => answerOne(stream, enrolProtocol, (request, { peer }) => options.desk.answer(request, peer)),
      },
    },
  })
}

/** What join URLs name: the configured `host:port` pairs, else the addresses that the enrolment host listens on. */
export function joinAddresses(configured: readonly string[], listening: readonly string[]): JoinUrl['addresses'] {
  if (configured.length > 0) return configured.map(parseHostPort)
  const found = new Map<string, { host: string; port: number }>()
  for (const address of listening) {
    const [, , host = '', , port = ''] = address.split('/')
    for (const concrete of concreteHosts(host)) found.set(`${concrete} ${port}`, { host: concrete, port: Number(port) })
  }
  return [...found.values()]
}

function concreteHosts(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host]
  const all = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  const usable = all.filter(({ internal, family }) => !internal && family === (host === '::' ? 'IPv6' : 'IPv4'))
  return usable.length > 0 ? usable.map(({ address }) => address) : ['127.0.0.1']
}

function parseHostPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':')
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
}
