import { readFile } from 'node:fs/promises'
import {
  type CallOptions,
  type Host,
  type PeerId,
  peerIdOf,
  type RequestProtocol,
  request,
  serveRequests,
} from '#node/host'
import {
  ByteReader,
  type Clock,
  concatBytes,
  encodeText,
  encodeVarint,
  fromHex,
  isAbort,
  jitter,
  type Logger,
  messageOf,
  type Random,
  TaskGroup,
  writeFileAtomic,
} from '#node/kit'
import type { Roster } from '#swarm/roster'
import { ShortLives } from './short-lives.ts'

/**
 * `/vigo/peers/1`: where members can be reached, asked of any member. Keeps the fleet connected when every server is gone.
 *
 *     request   empty
 *     response  count, then for each: text peer id, count, texts (multiaddresses)
 *
 * At most 128 peers of at most 16 addresses, bolts before others. An address is a hint: the connection proves who is there, and the gate decides.
 */
export interface PeerAddresses {
  readonly peer: PeerId
  readonly addresses: readonly string[]
}

const MAX_PEERS = 128
const MAX_ADDRESSES = 16

export const peersProtocol: RequestProtocol<null, readonly PeerAddresses[]> = {
  id: '/vigo/peers/1',
  maxRequestBytes: 16,
  maxResponseBytes: 1024 * 1024,
  deadlineMs: 10_000,
  maxPerPeer: 2,
  overRelay: true,
  request: {
    encode: () => new Uint8Array(),
    decode: bytes => {
      new ByteReader(bytes).end()
      return null
    },
  },
  response: {
    encode: peers =>
      concatBytes(
        encodeVarint(peers.length),
        ...peers.flatMap(({ peer, addresses }) => [
          encodeText(peer),
          encodeVarint(addresses.length),
          ...addresses.map(encodeText),
        ]),
      ),
    decode: bytes => {
      const reader = new ByteReader(bytes)
      const peers = Array.from({ length: reader.varint(MAX_PEERS) }, () => ({
        peer: reader.text(100),
        addresses: Array.from({ length: reader.varint(MAX_ADDRESSES) }, () => reader.text(500)),
      }))
      reader.end()
      return peers
    },
  },
}

/** A member keeps at least this many connections while there are that many others. */
const WANTED_CONNECTIONS = 16
const QUICK_RETRY_MS = 1_000
const STEADY_MS = 30_000
const DIAL_TIMEOUT_MS = 10_000
/** While there are too few connections. */
const ASK_AGAIN_MS = 5_000
/** Introduced peers that are no members (yet) are remembered up to here; only members are dialled and saved. */
const MAX_BOOK = 4_096

/**
 * Keeps this machine connected to enough of the fleet: dials what the roster names and the address book, bootstrap or another
 * member can place, and remembers the addresses over restarts. Bolts keep connected to each other, however many members there are, and
 * are introduced before others: everybody can find the bolt that should serve it.
 */
export class Neighbours {
  readonly #options: NeighboursOptions
  readonly #tasks: TaskGroup
  readonly #stop = new AbortController()
  readonly #unsubscribe: (() => void)[]
  readonly #shortLives = new ShortLives()
  #bolts: ReadonlySet<PeerId> | null = null
  /** The roster is another than when connections were counted. */
  #isNews = false
  #rest: AbortController | undefined
  #book = new Map<PeerId, readonly string[]>()
  #saved = ''

  private constructor(options: NeighboursOptions) {
    this.#options = options
    this.#tasks = new TaskGroup(error => {
      if (!isAbort(error)) options.logger.debug('neighbours-failed', { reason: messageOf(error) })
    })
    const { host, roster, clock } = options
    this.#unsubscribe = [
      host.onPeer(({ type, peer }) => {
        const now = clock.monotonicMs()
        if (type === 'disconnect') this.#shortLives.disconnected(peer, now)
        if (type !== 'connect') return
        this.#shortLives.connected(peer, now)
        this.#tasks.run(() => this.#meet(peer))
      }),
      roster.onChange(({ peer }) => {
        if (roster.member(peer)?.role === 'bolt') this.#bolts = null
        this.#isNews = true
        this.#rest?.abort()
      }),
    ]
  }

  static async start(options: NeighboursOptions): Promise<Neighbours> {
    const neighbours = new Neighbours(options)
    await neighbours.#load()
    await serveRequests(options.host, peersProtocol, async () => neighbours.#introduce())
    for (const peer of options.host.peers()) neighbours.#tasks.run(() => neighbours.#meet(peer))
    neighbours.#tasks.run(() => neighbours.#keepConnected())
    return neighbours
  }

  /** Connects to a member; who can place it is asked when this machine cannot. @throws HostError */
  async reach(peer: PeerId, { signal }: CallOptions = {}): Promise<void> {
    if (this.#options.host.peers().includes(peer)) return
    if (!this.#book.has(peer)) await this.#askAnyone(signal)
    await this.#dial(peer, signal)
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#stop.abort()
    await this.#tasks.settled()
    await this.#save()
  }

  async #meet(peer: PeerId): Promise<void> {
    const { host } = this.#options
    const { signal } = this.#stop
    // Identify has told us its listening addresses a moment after the connection.
    await this.#options.clock.sleep(200, { signal })
    if (!host.peers().includes(peer)) return
    const known = await host.knownAddresses(peer)
    if (known.length > 0) this.#book.set(peer, known.slice(0, MAX_ADDRESSES))
    await this.#ask(peer)
    await this.#save()
    await this.#dialMissing()
  }

  /** Takes over whom the member can place; some of them this machine's roster may learn of only a moment later. */
  async #ask(peer: PeerId, given?: AbortSignal): Promise<void> {
    const { host } = this.#options
    const signal = given === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, given])
    const introduced = await request(host, peer, peersProtocol, null, { signal })
    for (const { peer: other, addresses } of introduced) {
      if (other === host.peerId || this.#book.has(other)) continue
      if (this.#isMember(other) || this.#book.size < MAX_BOOK) this.#book.set(other, addresses)
    }
  }

  /** Members that came after the last introduction are found through whoever has met them. */
  async #askAnyone(signal?: AbortSignal): Promise<void> {
    const { host, random, logger } = this.#options
    const [peer] = shuffled(host.peers(), random)
    if (peer === undefined) return
    await this.#ask(peer, signal).catch((error: unknown) =>
      logger.debug('introduction-failed', { peer, reason: messageOf(error) }),
    )
  }

  async #introduce(): Promise<PeerAddresses[]> {
    const { host, random } = this.#options
    const peers: PeerAddresses[] = [{ peer: host.peerId, addresses: host.addresses().slice(0, MAX_ADDRESSES) }]
    const isBolt = (peer: PeerId): boolean => this.#boltPeers().has(peer)
    const others = shuffled([...this.#book.keys()], random)
    for (const peer of [...others.filter(isBolt), ...others.filter(other => !isBolt(other))]) {
      if (peers.length >= MAX_PEERS) break
      if (this.#isMember(peer)) peers.push({ peer, addresses: this.#book.get(peer) ?? [] })
    }
    return peers
  }

  async #keepConnected(): Promise<void> {
    const { clock, random } = this.#options
    let askAt = clock.now() + ASK_AGAIN_MS
    for (;;) {
      this.#isNews = false
      await this.#dialMissing()
      const enough = this.#options.host.peers().length >= this.#wanted()
      if (!enough && clock.now() >= askAt) {
        askAt = clock.now() + ASK_AGAIN_MS
        await this.#askAnyone()
      }
      if (enough) await this.#untilNews(jitter(STEADY_MS, 0.3, random))
      await clock.sleep(jitter(QUICK_RETRY_MS, 0.3, random), { signal: this.#stop.signal })
    }
  }

  /** A member that the roster has only now may be in the book already, and nobody else would dial it. */
  async #untilNews(atMostMs: number): Promise<void> {
    if (this.#isNews) return
    this.#rest = new AbortController()
    const signal = AbortSignal.any([this.#stop.signal, this.#rest.signal])
    await this.#options.clock.sleep(atMostMs, { signal }).catch(() => undefined)
    this.#stop.signal.throwIfAborted()
  }

  #wanted(): number {
    const others =
      this.#options.roster.members().filter(member => this.#options.roster.isMember(member.peer)).length - 1
    return Math.min(WANTED_CONNECTIONS, others)
  }

  async #dialMissing(): Promise<void> {
    const { host, random, clock, logger } = this.#options
    const missing = Math.max(0, this.#wanted() - host.peers().length)
    const bolts = this.#boltPeers()
    const always = bolts.has(host.peerId) ? bolts : new Set<PeerId>()
    if (missing === 0 && always.size === 0) return
    const connected = new Set(host.peers())
    const candidates = shuffled([...this.#book.keys()], random)
      .filter(peer => peer !== host.peerId && !connected.has(peer) && this.#isMember(peer))
      .filter(peer => this.#shortLives.mayDial(peer, clock.monotonicMs()))
    const chosen = new Set([...candidates.filter(peer => always.has(peer)), ...candidates.slice(0, missing)])
    await Promise.all(
      Array.from(chosen, async peer => {
        try {
          await this.#dial(peer)
        } catch (error) {
          logger.debug('dial-failed', { peer, reason: messageOf(error) })
        }
      }),
    )
  }

  async #dial(peer: PeerId, given?: AbortSignal): Promise<void> {
    const { host } = this.#options
    const signals = [this.#stop.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS), ...(given === undefined ? [] : [given])]
    await host.addAddresses(peer, [...(this.#book.get(peer) ?? [])])
    await host.connect(peer, { signal: AbortSignal.any(signals) })
  }

  #boltPeers(): ReadonlySet<PeerId> {
    const { roster } = this.#options
    this.#bolts ??= new Set(
      roster
        .members()
        .filter(({ peer }) => roster.isBolt(peer))
        .map(({ peer }) => peerIdOfMember(peer)),
    )
    return this.#bolts
  }

  #isMember(peer: PeerId): boolean {
    return this.#options.isMember(peer)
  }

  async #load(): Promise<void> {
    for (const address of this.#options.bootstrap) {
      const peer = address.split('/p2p/').at(-1)
      if (peer !== undefined && peer !== address) this.#book.set(peer, [...(this.#book.get(peer) ?? []), address])
    }
    try {
      const stored: unknown = JSON.parse(await readFile(this.#options.file, 'utf8'))
      if (typeof stored !== 'object' || stored === null) return
      for (const [peer, addresses] of Object.entries(stored)) {
        if (Array.isArray(addresses))
          this.#book.set(
            peer,
            addresses.filter(address => typeof address === 'string'),
          )
      }
    } catch {
      // Without an address book the bootstrap addresses and the others' introductions have to do.
    }
  }

  async #save(): Promise<void> {
    const members = [...this.#book].filter(([peer]) => this.#isMember(peer) && peer !== this.#options.host.peerId)
    const text = `${JSON.stringify(Object.fromEntries(members), null, 1)}\n`
    if (text === this.#saved) return
    this.#saved = text
    await writeFileAtomic(this.#options.file, text, { mode: 0o600 })
  }
}

export interface NeighboursOptions {
  host: Host
  roster: Roster
  isMember: (peer: PeerId) => boolean
  bootstrap: readonly string[]
  /** The address book. */
  file: string
  clock: Clock
  random: Random
  logger: Logger
}

export function peerIdOfMember(publicKeyHex: string): PeerId {
  return peerIdOf(fromHex(publicKeyHex))
}

function shuffled<T>(items: T[], random: Random): T[] {
  return items
    .map(item => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}
