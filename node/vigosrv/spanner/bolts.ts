import { Value } from '@sinclair/typebox/value'
import { type AnyRoute, BoltReport, RemoteError, serverRoutes } from '#node/api'
import { HostError, publicKeyOf, request, serveRequests } from '#node/host'
import { codeOf, type Logger, messageOf, toHex } from '#node/kit'
import { type Member, peerIdOfMember } from '#node/member'
import type { RestHandlers } from '../rest/index.ts'
import { type BoltAnswer, type BoltQuestion, boltProtocol } from './bolt-protocol.ts'
import type { ClockSeen } from './clocks.ts'
import { SpannerError } from './errors.ts'

/** What one bolt may ask another: what any viewer may read, and to let envoys check in. */
const ASKABLE = new Set<keyof typeof serverRoutes>(['envoys', 'envoy', 'runs', 'run', 'fleet', 'serverStatus', 'push'])
/** Of a status that people wait for. */
const REPORT_MS = 3_000

export interface BoltsOptions {
  readonly member: Pick<Member, 'roster' | 'host' | 'self' | 'clock'>
  readonly report: () => Promise<BoltReport>
  readonly handlers: () => RestHandlers
  readonly logger: Logger
}

export interface BoltSeen {
  readonly peer: string
  readonly hostname: string
  readonly isSelf: boolean
  readonly isConnected: boolean
  readonly report: BoltReport | null
}

/** The servers of the fleet, as this one sees them, and what they ask each other. */
export class Bolts {
  readonly #options: BoltsOptions
  readonly #self: string
  #clocks: readonly ClockSeen[] = []

  constructor(options: BoltsOptions) {
    this.#options = options
    this.#self = toHex(publicKeyOf(options.member.host.peerId))
  }

  /** Answers other bolts from now on. */
  async serve(): Promise<void> {
    const { member, logger } = this.#options
    await serveRequests(member.host, boltProtocol, async (question, { peer, signal }) => {
      try {
        if (!member.roster.isBolt(toHex(publicKeyOf(peer)))) throw new RemoteError('forbidden', 'only bolts may ask')
        return { reply: await this.#answer(question, toHex(publicKeyOf(peer)), signal) }
      } catch (error) {
        signal.throwIfAborted()
        logger.debug('bolt-refused', { peer, route: question.route, reason: messageOf(error) })
        return { error: { code: codeOf(error) ?? 'internal', message: messageOf(error) } }
      }
    })
  }

  /** Of those that answered when all were last looked at. */
  get clocks(): readonly ClockSeen[] {
    return this.#clocks
  }

  /** All of them, those that do not answer in time without a report. */
  async seen({ signal }: { signal: AbortSignal }): Promise<readonly BoltSeen[]> {
    const { roster, host } = this.#options.member
    const connected = new Set(host.peers())
    const bolts = roster.members().filter(({ peer }) => roster.isBolt(peer))
    const clocks: ClockSeen[] = []
    const seen = await Promise.all(
      bolts.map(async ({ peer, hostname }) => {
        const isSelf = peer === this.#self
        const isConnected = isSelf || connected.has(peerIdOfMember(peer))
        if (isSelf) return { peer, hostname, isSelf, isConnected, report: await this.#options.report() }
        const told = isConnected ? await this.#reportOf(peer, signal) : null
        if (told?.aheadMs !== undefined) clocks.push({ hostname, aheadMs: told.aheadMs })
        return { peer, hostname, isSelf, isConnected, report: told?.report ?? null }
      }),
    )
    this.#clocks = clocks
    return seen
  }

  /** By host name, public key or a prefix of it. @throws SpannerError 'unknown-bolt', 'ambiguous-bolt' */
  find(reference: string): { readonly peer: string; readonly hostname: string } {
    const { roster } = this.#options.member
    const found = roster.find(reference).filter(({ peer }) => roster.isBolt(peer))
    const [only, ...others] = found
    if (only === undefined) {
      const names = roster.members().filter(({ peer }) => roster.isBolt(peer))
      const list = names.map(({ hostname }) => hostname).join(', ')
      throw new SpannerError('unknown-bolt', `no server of this fleet is called '${reference}'; there are ${list}`)
    }
    if (others.length === 0) return only
    throw new SpannerError('ambiguous-bolt', `'${reference}' names several servers; use the public key`)
  }

  /** What another bolt, or this one, answers on a route. @throws SpannerError 'not-answering'; RemoteError */
  async ask(peer: string, question: BoltQuestion, { signal }: { signal: AbortSignal }): Promise<unknown> {
    if (peer === this.#self) return await this.#answer(question, this.#self, signal)
    let answer: BoltAnswer
    try {
      answer = await request(this.#options.member.host, peerIdOfMember(peer), boltProtocol, question, { signal })
    } catch (error) {
      signal.throwIfAborted()
      const name = this.#options.member.roster.member(peer)?.hostname ?? peer.slice(0, 12)
      throw new SpannerError('not-answering', `${name} does not answer: ${messageOf(error)}`, { cause: error })
    }
    if ('reply' in answer) return answer.reply
    throw new RemoteError(answer.error.code, answer.error.message)
  }

  async #reportOf(
    peer: string,
    signal: AbortSignal,
  ): Promise<{ readonly report: BoltReport; readonly aheadMs?: number } | null> {
    try {
      const question = { route: 'report', body: {} }
      const reply = await this.ask(peer, question, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(REPORT_MS)]),
      })
      if (!Value.Check(BoltReport, reply)) return null
      const { now, ...report } = reply as BoltReport & { now?: unknown }
      return typeof now === 'number' ? { report, aheadMs: now - this.#options.member.clock.now() } : { report }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof HostError)) this.#options.logger.debug('bolt-silent', { peer, reason: messageOf(error) })
      return null
    }
  }

  async #answer({ route: name, body }: BoltQuestion, from: string, signal: AbortSignal): Promise<unknown> {
    if (name === 'report') return { ...(await this.#options.report()), now: this.#options.member.clock.now() }
    if (!isAskable(name)) throw new RemoteError('not-found', `bolts do not ask each other '${name}'`)
    const route: AnyRoute = serverRoutes[name]
    if (!Value.Check(route.body, body)) throw new RemoteError('bad-request', `'${name}' is not asked like that`)
    const handle = this.#options.handlers()[name] as (call: object) => Promise<unknown>
    const hostname = this.#options.member.roster.member(from)?.hostname ?? from.slice(0, 12)
    const user = { name: `bolt ${hostname}`, role: 'operator', via: 'token' } as const
    return await handle({ body, user, signal, upload: null, emit: () => undefined, deliver: async () => undefined })
  }
}

function isAskable(name: string): name is keyof typeof serverRoutes {
  return (ASKABLE as ReadonlySet<string>).has(name)
}
