import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Host, type PeerId, type RequestProtocol, request, serveRequests } from '#node/host'
import { ByteReader, type Clock, concatBytes, encodeBlock, encodeText, type Logger } from '#node/kit'
import { type Roster, RosterError } from '#swarm/roster'
import { peerIdOfMember } from './neighbours.ts'

/**
 * `/vigo/pair/1`: a person brings their wrapped puddle key from one of their machines to another.
 *
 * Participants: two members of the fleet; a person who reads a code on one terminal and types it on the other. Goal: whoever
 * holds the code gets the wrapped key, once, within five minutes. Not a goal: protecting the key from who knows the code; it
 * stays wrapped with the passphrase, which never travels.
 *
 *     request   block proof      HMAC-SHA-256(code, "vigo-pair\n" || asker's peer id || "\n" || answerer's peer id)
 *     response  byte 0, text reason   |   byte 1, block bundle
 *
 * The proof is bound to both proven peers, so that it is worth nothing to another. Three wrong proofs end the offer.
 */
type PairResponse = { readonly ok: false; readonly reason: string } | { readonly ok: true; readonly bundle: Uint8Array }

const MAX_BUNDLE_BYTES = 4096
const OFFER_MS = 5 * 60_000
const MAX_WRONG = 3

const pairProtocol: RequestProtocol<Uint8Array, PairResponse> = {
  id: '/vigo/pair/1',
  maxRequestBytes: 64,
  maxResponseBytes: MAX_BUNDLE_BYTES + 1024,
  deadlineMs: 15_000,
  maxPerPeer: 1,
  request: {
    encode: encodeBlock,
    decode: bytes => {
      const reader = new ByteReader(bytes)
      const proof = reader.block(32).slice()
      reader.end()
      return proof
    },
  },
  response: {
    encode: response =>
      response.ok
        ? concatBytes(Uint8Array.of(1), encodeBlock(response.bundle))
        : concatBytes(Uint8Array.of(0), encodeText(response.reason)),
    decode: bytes => {
      const reader = new ByteReader(bytes)
      const verdict = reader.byte()
      if (verdict > 1) throw new RangeError(`unknown verdict ${verdict}`)
      const response: PairResponse =
        verdict === 0
          ? { ok: false, reason: reader.text(500) }
          : { ok: true, bundle: reader.block(MAX_BUNDLE_BYTES).slice() }
      reader.end()
      return response
    },
  },
}

/** One machine's pairing desk: at most one offer at a time. */
export class Pairing {
  readonly #options: { host: Host; roster: Roster; clock: Clock; logger: Logger }
  #offer: { code: string; bundle: Uint8Array; expiresAt: number; wrong: number } | null = null

  private constructor(options: { host: Host; roster: Roster; clock: Clock; logger: Logger }) {
    this.#options = options
  }

  static async start(options: { host: Host; roster: Roster; clock: Clock; logger: Logger }): Promise<Pairing> {
    const pairing = new Pairing(options)
    await serveRequests(options.host, pairProtocol, async (proof, { peer }) => pairing.#answer(proof, peer))
    return pairing
  }

  /** Opens an offer, in place of an earlier one. Answers when it ends (Unix ms). */
  offer(code: string, bundleBase64: string): number {
    const bundle = new Uint8Array(Buffer.from(bundleBase64, 'base64'))
    if (bundle.byteLength === 0 || bundle.byteLength > MAX_BUNDLE_BYTES) {
      throw new RosterError('usage', 'the wrapped key is empty or too large')
    }
    const expiresAt = this.#options.clock.now() + OFFER_MS
    this.#offer = { code: normalise(code), bundle, expiresAt, wrong: 0 }
    return expiresAt
  }

  /** Fetches what the member offers, as base64. @throws RosterError, HostError */
  async claim(from: string, code: string, options: { signal?: AbortSignal } = {}): Promise<string> {
    const { host, roster } = this.#options
    const [member, ...others] = roster.find(from)
    if (member === undefined) throw new RosterError('unknown-member', `no member of the fleet is called '${from}'`)
    if (others.length > 0)
      throw new RosterError('ambiguous-member', `'${from}' names several members; use the public key`)
    const peer = peerIdOfMember(member.peer)
    const response = await request(host, peer, pairProtocol, proofOf(normalise(code), host.peerId, peer), options)
    if (!response.ok) throw new RosterError('token-refused', `${from}: ${response.reason}`)
    return Buffer.from(response.bundle).toString('base64')
  }

  #answer(proof: Uint8Array, peer: PeerId): PairResponse {
    const { clock, host, logger } = this.#options
    const offer = this.#offer
    if (offer === null || clock.now() >= offer.expiresAt) {
      this.#offer = null
      return { ok: false, reason: 'there is no pairing open; run vigo swarm puddle pair there first' }
    }
    const expected = proofOf(offer.code, peer, host.peerId)
    if (proof.byteLength !== expected.byteLength || !timingSafeEqual(proof, expected)) {
      offer.wrong++
      if (offer.wrong >= MAX_WRONG) this.#offer = null
      logger.warn(
        'pairing-refused',
        { peer, left: MAX_WRONG - offer.wrong },
        'a member tried to pair with a wrong code',
      )
      return { ok: false, reason: offer.wrong >= MAX_WRONG ? 'wrong code; the pairing is closed now' : 'wrong code' }
    }
    this.#offer = null
    logger.info('paired', { peer })
    return { ok: true, bundle: offer.bundle }
  }
}

function proofOf(code: string, asker: PeerId, answerer: PeerId): Uint8Array {
  return new Uint8Array(createHmac('sha256', code).update(`vigo-pair\n${asker}\n${answerer}`).digest())
}

/** Codes are typed by people: case, blanks and hyphens do not matter. */
function normalise(code: string): string {
  return code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
}
