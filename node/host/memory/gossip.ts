import { sha256Hex } from '#node/kit'
import { HostError } from '../errors.ts'
import { MAX_GOSSIP_BYTES, REJECTIONS_UNTIL_IGNORED } from '../limits.ts'
import type { Gossip, PeerId } from '../types.ts'
import type { Switchboard } from './network.ts'

type Validate = (message: Uint8Array, from: PeerId) => Promise<'accept' | 'ignore' | 'reject'>

/** Messages a host remembers having seen, so that a flood ends. */
const SEEN_LIMIT = 20_000

/** Gossip as a flood: accepted messages go on to every connected subscriber that has not sent them. */
export class MemoryGossip implements Gossip {
  readonly #self: PeerId
  readonly #network: Switchboard
  readonly #peers: () => PeerId[]
  readonly #topics = new Map<string, Validate>()
  readonly #seen = new Set<string>()
  readonly #rejections = new Map<PeerId, number>()

  constructor(self: PeerId, network: Switchboard, peers: () => PeerId[]) {
    this.#self = self
    this.#network = network
    this.#peers = peers
  }

  subscribe(topic: string, validate: Validate): void {
    if (this.#topics.has(topic)) throw new HostError('closed', `${topic} is subscribed already`)
    this.#topics.set(topic, validate)
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    if (message.byteLength > MAX_GOSSIP_BYTES) {
      throw new HostError(
        'too-large',
        `a message of ${message.byteLength} bytes is above gossip's limit of ${MAX_GOSSIP_BYTES}`,
      )
    }
    if (this.#isNew(topic, message)) this.#forward(topic, message, this.#self)
  }

  subscribers(topic: string): PeerId[] {
    return this.#peers().filter(peer => this.#network.host(peer)?.gossip.subscribes(topic) === true)
  }

  subscribes(topic: string): boolean {
    return this.#topics.has(topic)
  }

  #forward(topic: string, message: Uint8Array, from: PeerId): void {
    for (const peer of this.subscribers(topic)) {
      if (peer !== from) void this.#send(peer, topic, message)
    }
  }

  async #send(peer: PeerId, topic: string, message: Uint8Array): Promise<void> {
    const { clock, latencyMs } = this.#network.link
    await (latencyMs > 0 ? clock.sleep(latencyMs) : Promise.resolve())
    if (!this.#peers().includes(peer)) return
    await this.#network.host(peer)?.gossip.receive(topic, message, this.#self)
  }

  async receive(topic: string, message: Uint8Array, from: PeerId): Promise<void> {
    const validate = this.#topics.get(topic)
    const rejections = this.#rejections.get(from) ?? 0
    if (validate === undefined || rejections >= REJECTIONS_UNTIL_IGNORED || !this.#isNew(topic, message)) return
    const result = await validate(message, from).catch(() => 'ignore' as const)
    if (result === 'reject') this.#rejections.set(from, rejections + 1)
    if (result === 'accept') this.#forward(topic, message, from)
  }

  #isNew(topic: string, message: Uint8Array): boolean {
    const id = sha256Hex(topic, '\n', message)
    if (this.#seen.has(id)) return false
    this.#seen.add(id)
    if (this.#seen.size > SEEN_LIMIT) {
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest)
        break
      }
    }
    return true
  }
}
