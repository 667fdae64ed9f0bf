import type { PeerId } from '#node/host'
import type { Bitfield, Sha256Hex } from '#swarm/chunk'
import type { AskStream, HaveListener } from './ask-stream.ts'
import type { Holds } from './codec.ts'

const RETRY_MS = 1_000
const RETRY_CEILING_MS = 60_000
const MAX_KNOWN = 256

/** One member that a transfer follows. */
export interface Link {
  readonly peer: PeerId
  readonly stream: AskStream
  readonly handle: number
  readonly since: number
  holds: Holds
  several: boolean
  chunkCount: number
  bits: Bitfield | null
}

export interface LinkEvents {
  have(link: Link): void
  also(link: Link, chunks: readonly number[]): void
  lost(link: Link, reason: string): void
}

/** The members that one transfer follows or could follow, and what became of those it lost. */
export class Links {
  readonly #blob: Sha256Hex
  readonly #replica: boolean
  readonly #max: number
  readonly #open: (peer: PeerId) => AskStream | null
  readonly #events: LinkEvents
  #closed = false
  readonly #links = new Map<PeerId, Link>()
  readonly #known = new Map<PeerId, { failures: number; notBefore: number; reason: string | null }>()

  constructor(parts: {
    blob: Sha256Hex
    replica: boolean
    max: number
    open: (peer: PeerId) => AskStream | null
    events: LinkEvents
  }) {
    this.#blob = parts.blob
    this.#replica = parts.replica
    this.#max = parts.max
    this.#open = parts.open
    this.#events = parts.events
  }

  all(): IterableIterator<Link> {
    return this.#links.values()
  }

  get(peer: PeerId): Link | undefined {
    return this.#links.get(peer)
  }

  holders(): Link[] {
    return [...this.#links.values()].filter(link => link.holds !== 'none')
  }

  get isFull(): boolean {
    return this.#links.size >= this.#max
  }

  /** Why members that are not followed any more are not. */
  reasons(): [PeerId, string][] {
    return [...this.#known].flatMap(([peer, { reason }]) =>
      reason === null || this.#links.has(peer) ? [] : [[peer, reason] as [PeerId, string]],
    )
  }

  /** The member may have the blob. */
  suggest(peer: PeerId, now: number): void {
    if (this.#closed) return
    const known = this.#known.get(peer) ?? { failures: 0, notBefore: 0, reason: null }
    if (!this.#known.has(peer)) {
      if (this.#known.size >= MAX_KNOWN) return
      this.#known.set(peer, known)
    }
    if (this.#links.has(peer) || known.notBefore > now) return
    if (this.isFull && !this.#makeRoom(now)) return
    const stream = this.#open(peer)
    if (stream) this.#follow(peer, stream, now)
  }

  /** Follows those again whose time-out is over. */
  retry(now: number): void {
    for (const [peer, { reason }] of this.#known) if (reason !== null && !this.#links.has(peer)) this.suggest(peer, now)
  }

  drop(peer: PeerId, reason: string, now: number): void {
    const link = this.#links.get(peer)
    if (!link) return
    link.stream.unsubscribe(link.handle)
    this.#lose(link, reason, now)
  }

  note(peer: PeerId, reason: string): void {
    const known = this.#known.get(peer)
    if (known) known.reason = reason
  }

  /** From here on suggestions are ignored: nobody would end what they start. */
  close(): void {
    this.#closed = true
    for (const link of this.#links.values()) link.stream.unsubscribe(link.handle)
    this.#links.clear()
  }

  #follow(peer: PeerId, stream: AskStream, now: number): void {
    const listener: HaveListener = {
      have: (holds, several, chunkCount, bits) => {
        if (this.#links.get(peer) !== link) return
        Object.assign(link, { holds, several, chunkCount, bits })
        this.#events.have(link)
      },
      also: chunks => {
        if (this.#links.get(peer) === link) this.#events.also(link, chunks)
      },
      gone: reason => {
        if (this.#links.get(peer) === link) this.#lose(link, reason, stream.usedAt)
      },
    }
    const handle = stream.subscribe(this.#blob, this.#replica, listener)
    const link: Link = { peer, stream, handle, since: now, holds: 'none', several: false, chunkCount: 0, bits: null }
    this.#links.set(peer, link)
  }

  #lose(link: Link, reason: string, now: number): void {
    this.#links.delete(link.peer)
    const known = this.#known.get(link.peer)
    if (known) {
      known.reason = reason
      known.notBefore = now + Math.min(RETRY_MS * 2 ** known.failures, RETRY_CEILING_MS)
      known.failures++
    }
    this.#events.lost(link, reason)
  }

  #makeRoom(now: number): boolean {
    for (const link of this.#links.values()) {
      if (link.holds !== 'none' || now - link.since < 2 * RETRY_MS) continue
      this.drop(link.peer, 'does not have it', now)
      return true
    }
    return false
  }
}
