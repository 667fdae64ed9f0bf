/**
 * Gossip over gossipsub 1.2.
 *
 * Messages carry no gossipsub signature (policy StrictNoSign): what is gossiped are records that their authors signed
 * themselves, and who happened to publish one is neither proof nor interest. A message's id is therefore the SHA-256 of
 * its data, so the same record sent twice by different members is one message. Each connection's peer is proven, so a
 * member that sends what a validator rejects is known: it loses score, is pruned from the mesh after the first such
 * message, and after a handful is not listened to until the penalty has decayed.
 */
import { type GossipSub, gossipsub, StrictNoSign, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import type { Libp2p } from '@libp2p/interface'
import { type Logger, messageOf, sha256 } from '#node/kit'
import { HostError } from './errors.ts'
import { MAX_GOSSIP_BYTES, REJECTED_MESSAGE, REJECTIONS_UNTIL_IGNORED } from './limits.ts'
import type { Services } from './node.ts'
import type { Penalties } from './penalties.ts'
import type { Gossip, PeerId } from './types.ts'

/** Room for the envelope around the largest message. */
const ENVELOPE_BYTES = 4 * 1024
const OUTBOUND_BUFFER_BYTES = 16 * 1024 * 1024

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

/** The gossipsub service with the settings that all members share. */
export function gossipService(penalties: Penalties): Services[string] {
  return gossipsub({
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: message => sha256(message.data),
    emitSelf: false,
    fallbackToFloodsub: false,
    doPX: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    batchPublish: true,
    maxInboundDataLength: MAX_GOSSIP_BYTES + ENVELOPE_BYTES,
    maxOutboundBufferSize: OUTBOUND_BUFFER_BYTES,
    scoreParams: {
      appSpecificScore: peer => -penalties.of(peer),
      appSpecificWeight: 1,
      // Machines of one site share an address.
      IPColocationFactorWeight: 0,
    },
    scoreThresholds: {
      gossipThreshold: -2 * REJECTED_MESSAGE,
      publishThreshold: -3 * REJECTED_MESSAGE,
      graylistThreshold: -(REJECTIONS_UNTIL_IGNORED - 0.5) * REJECTED_MESSAGE,
    },
  })
}

export class Libp2pGossip implements Gossip {
  readonly #pubsub: GossipSub
  readonly #penalties: Penalties
  readonly #logger: Logger

  constructor(node: Libp2p, penalties: Penalties, logger: Logger) {
    this.#pubsub = node.services['gossip'] as GossipSub
    this.#penalties = penalties
    this.#logger = logger
  }

  subscribe(
    topic: string,
    validate: (message: Uint8Array, from: PeerId) => Promise<'accept' | 'ignore' | 'reject'>,
  ): void {
    if (this.#pubsub.topicValidators.has(topic)) throw new HostError('closed', `${topic} is subscribed already`)
    this.#pubsub.topicValidators.set(topic, async (from, message) => {
      const peer = from.toString()
      const result = await this.#judge(validate, message.data, peer, topic)
      if (result === 'reject') this.#penalties.add(peer, REJECTED_MESSAGE)
      return RESULTS[result]
    })
    this.#pubsub.subscribe(topic)
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    if (message.byteLength > MAX_GOSSIP_BYTES) {
      throw new HostError(
        'too-large',
        `a message of ${message.byteLength} bytes is above gossip's limit of ${MAX_GOSSIP_BYTES}`,
      )
    }
    await this.#pubsub.publish(topic, message)
  }

  subscribers(topic: string): PeerId[] {
    return this.#pubsub.getSubscribers(topic).map(String)
  }

  async #judge(
    validate: (message: Uint8Array, from: PeerId) => Promise<'accept' | 'ignore' | 'reject'>,
    message: Uint8Array,
    peer: PeerId,
    topic: string,
  ): Promise<'accept' | 'ignore' | 'reject'> {
    if (message.byteLength > MAX_GOSSIP_BYTES) return 'reject'
    try {
      return await validate(message, peer)
    } catch (error) {
      this.#logger.error('gossip-validator-failed', { topic, peer, error: messageOf(error) })
      return 'ignore'
    }
  }
}

/** For a host that was asked to run without. */
export const noGossip: Gossip = {
  subscribe: () => undefined,
  publish: async () => undefined,
  subscribers: () => [],
}
