import { codeOf, type Logger, type Random } from '#node/kit'
import { Bitfield, type Manifest, type Sha256Hex } from '#swarm/chunk'
import type { BlobDescriptor } from '#swarm/store'
import { ChunkFlow, type ChunkFlowParts } from './chunk-flow.ts'
import { ExchangeError } from './errors.ts'
import type { ExchangeLimits } from './limits.ts'
import type { Link } from './links.ts'
import type { Reputation } from './reputation.ts'
import { reuseLocalChunks, type Twins } from './reuse.ts'
import { Scheduler } from './scheduler.ts'

/** What the assembly of one blob needs, and whom it tells. */
export interface AssemblyParts extends Omit<ChunkFlowParts, 'scheduler' | 'gained' | 'lied'> {
  readonly blob: BlobDescriptor
  readonly limits: ExchangeLimits
  readonly random: Random
  readonly logger: Logger
  readonly reputation: Reputation
  gained(blob: Sha256Hex, chunk: number): void
  /** All chunks are here and verified. May be called more than once. */
  filled(): void
}

/** One blob whose manifest is known, from its first chunk to its last: copies what is here already, and has the rest asked for. */
export class Assembly {
  readonly manifest: Manifest
  readonly scheduler: Scheduler
  readonly #parts: AssemblyParts
  readonly #flow: ChunkFlow
  readonly #twins: Twins = new Map()
  #reusing = false

  constructor(parts: AssemblyParts) {
    const { partial, store, limits, random, reputation, blob } = parts
    this.#parts = parts
    this.manifest = partial.manifest
    const lengths = Uint32Array.from(this.manifest.chunks, chunk => chunk.length)
    const transferBytes = Math.min(limits.scheduler.transferBytes, store.buffers.capacityBytes / 2)
    this.scheduler = new Scheduler(lengths, {
      limits: { ...limits.scheduler, transferBytes },
      random,
      now: parts.now(),
    })
    this.#flow = new ChunkFlow({
      ...parts,
      scheduler: this.scheduler,
      gained: chunk => this.#gained(chunk, false),
      lied: (peer, chunk) =>
        reputation.ban(peer, `sent bytes that are not chunk ${chunk} of ${blob.sha}`, { blob: blob.sha, chunk }),
    })
  }

  /** Local chunks are still being looked for. */
  get isReusing(): boolean {
    return this.#reusing
  }

  get waitsForBuffer(): boolean {
    return this.#flow.waitsForBuffer
  }

  /** Something that is under way may still become a chunk: a source that has not failed since its last byte, a buffer, a write. */
  get isExpecting(): boolean {
    if (this.#flow.isWriting || this.#flow.waitsForBuffer) return true
    for (const source of this.scheduler.sources()) {
      if (source.stalls === 0 && source.requests.size > 0) return true
    }
    return false
  }

  /** Sorts out which chunks are here already. `filled` is not called before it is done. */
  async reuse(): Promise<void> {
    const { partial, signal, progress } = this.#parts
    this.#reusing = true
    await reuseLocalChunks(partial, {
      twins: this.#twins,
      signal,
      held: (chunk, fromHere) => this.#gained(chunk, fromHere),
      need: chunk => {
        this.scheduler.need(chunk)
        this.#flow.pump()
      },
    })
    this.#reusing = false
    progress.lastByteAt = this.#parts.now()
    this.#tellIfFilled()
  }

  /** What a member holds, as its link says. */
  have(link: Link): void {
    if (link.holds === 'none') return
    const count = this.manifest.chunks.length
    if (link.holds === 'partial' && link.chunkCount === 0 && count > 0) return
    if (link.chunkCount !== count) {
      const reason = `has it in ${link.chunkCount} chunks instead of ${count}`
      this.#parts.links.drop(link.peer, reason, this.#parts.now())
      return
    }
    this.scheduler.addSource(link.peer)
    this.scheduler.setHave(
      link.peer,
      link.holds === 'complete' ? 'complete' : (link.bits ?? new Bitfield(count)),
      link.several,
    )
    link.bits = null
    this.#flow.pump()
  }

  /** A member holds these chunks too. */
  also(link: Link, chunks: readonly number[]): void {
    const { reputation, blob } = this.#parts
    for (const chunk of chunks) {
      if (this.scheduler.addHave(link.peer, chunk)) continue
      reputation.ban(link.peer, `claims to hold chunk ${chunk} of a blob with fewer`, { blob: blob.sha })
      return
    }
    this.#flow.pump()
  }

  /** A member is followed no more. */
  lost(link: Link): void {
    this.#flow.abandon(this.scheduler.removeSource(link.peer, this.#parts.now()))
    this.#flow.pump()
  }

  /** Gives up on answers that are overdue. */
  tick(now: number): void {
    const { links, logger, blob } = this.#parts
    for (const stall of this.scheduler.tick(now)) {
      this.#flow.abandon(stall.requests)
      links.note(stall.peer, 'did not deliver in time')
      logger.debug('source-stalled', { peer: stall.peer, blob: blob.sha, asideMs: stall.asideMs })
    }
  }

  /** Asks for all that may be asked for now. */
  pump(): void {
    this.#flow.pump()
  }

  /** @throws ExchangeError 'mismatch', StoreError */
  async complete(): Promise<void> {
    const { partial, blob } = this.#parts
    try {
      await partial.complete()
    } catch (error) {
      if (codeOf(error) !== 'mismatch') throw error
      throw new ExchangeError(
        'mismatch',
        `every chunk of ${blob.sha} is as its manifest ${blob.chunks} says, but together they are another blob; ` +
          'whoever published it has to publish it again',
        { cause: error },
      )
    }
  }

  /** Gives up what is open at once; resolves when the store has nothing of it in hand. The signal has fired before. */
  async close(): Promise<void> {
    await this.#flow.close()
    await this.#parts.partial.close()
  }

  /** The chunk is here and verified. */
  #gained(chunk: number, fromHere: boolean): void {
    if (fromHere) this.#parts.progress.bytesReused += this.manifest.chunks[chunk]!.length
    this.#flow.abandon(this.scheduler.held(chunk, this.#parts.now()))
    this.#parts.gained(this.#parts.blob.sha, chunk)
    const twins = this.#twins.get(chunk)
    this.#twins.delete(chunk)
    for (const twin of twins ?? []) void this.#copyTwin(twin)
    this.#tellIfFilled()
  }

  async #copyTwin(twin: number): Promise<void> {
    try {
      if (await this.#parts.partial.reuse(twin)) this.#gained(twin, true)
      else this.scheduler.need(twin)
      this.#flow.pump()
    } catch (error) {
      this.#parts.failed(error)
    }
  }

  #tellIfFilled(): void {
    if (this.scheduler.done && !this.#reusing) this.#parts.filled()
  }
}
