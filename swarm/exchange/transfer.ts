import type { PeerId } from '#node/host'
import { type Clock, codeOf, type Logger, messageOf, type Random } from '#node/kit'
import { Bitfield, type Manifest, type Sha256Hex } from '#swarm/chunk'
import type { BlobDescriptor, BlobStore, PartialBlob } from '#swarm/store'
import type { AskStream } from './ask-stream.ts'
import { ChunkFlow } from './chunk-flow.ts'
import { ExchangeError } from './errors.ts'
import type { ExchangeLimits } from './limits.ts'
import { type Link, Links } from './links.ts'
import { checkManifest, fetchManifest } from './manifest-fetch.ts'
import { describeMissing, describeSources, incomplete } from './missing.ts'
import { Progress } from './progress.ts'
import type { Reputation } from './reputation.ts'
import { reuseLocalChunks, type Twins } from './reuse.ts'
import { Scheduler } from './scheduler.ts'
import type { FetchProgress, FetchReport, TransferStatus } from './types.ts'

/** What a transfer needs of the exchange around it. */
export interface TransferParts {
  readonly store: BlobStore
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly limits: ExchangeLimits
  readonly reputation: Reputation
  /** The asking stream to a member; null when it must not be asked. */
  stream(peer: PeerId): AskStream | null
  /** Null when chunks may be asked for now, else why not. */
  mayAsk(priority: 'pull' | 'replica', now: number): string | null
  asked(priority: 'pull' | 'replica', bytes: number): void
  began(blob: Sha256Hex): void
  gained(blob: Sha256Hex, chunk: number): void
}

/** Brings one blob here; every caller that wants it shares this. */
export class Transfer {
  readonly blob: BlobDescriptor
  readonly startedAt: number
  priority: 'pull' | 'replica'
  stallMs: number
  readonly links: Links
  readonly #parts: TransferParts
  readonly #progress: Progress
  readonly #abort = new AbortController()
  readonly #over = Promise.withResolvers<void>()
  readonly #listeners = new Set<(progress: FetchProgress) => void>()
  #linksChanged = Promise.withResolvers<void>()
  #scheduler: Scheduler | null = null
  #flow: ChunkFlow | null = null
  #partial: PartialBlob | null = null
  #manifest: Manifest | null = null
  readonly #twins: Twins = new Map()
  #reusing = false

  constructor(blob: BlobDescriptor, options: { priority: 'pull' | 'replica'; stallMs: number }, parts: TransferParts) {
    this.blob = blob
    this.priority = options.priority
    this.stallMs = options.stallMs
    this.#parts = parts
    this.startedAt = parts.clock.now()
    this.#progress = new Progress(blob, parts.clock.monotonicMs())
    this.#over.promise.catch(() => undefined)
    this.links = new Links({
      blob: blob.sha,
      replica: options.priority === 'replica',
      max: parts.limits.maxSources,
      open: peer => parts.stream(peer),
      events: {
        have: link => this.#onHave(link),
        also: (link, chunks) => this.#onAlso(link, chunks),
        lost: link => this.#onLost(link),
      },
    })
  }

  get isOver(): boolean {
    return this.#abort.signal.aborted
  }

  get isMoving(): boolean {
    return this.#parts.clock.monotonicMs() - this.#progress.lastByteAt < 2_000
  }

  onProgress(listener: (progress: FetchProgress) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  status(): TransferStatus {
    const { priority, startedAt } = this
    return { ...this.#progress.view(this.#now()), priority, startedAt }
  }

  /** @throws ExchangeError */
  async run(): Promise<FetchReport> {
    try {
      const manifest = await this.#findManifest()
      await this.#begin(manifest)
      await this.#over.promise
      this.#enter('verify')
      await this.#complete()
      this.#enter('done')
      return this.#progress.report(this.#now())
    } catch (error) {
      throw this.#explain(error)
    } finally {
      await this.#cleanUp()
    }
  }

  /** Ends it; what is verified stays for the next time. */
  abort(error: ExchangeError): void {
    this.#abort.abort(error)
    this.#over.reject(error)
  }

  tick(now: number): void {
    const { limits, logger } = this.#parts
    for (const stall of this.#scheduler?.tick(now) ?? []) {
      this.#flow?.abandon(stall.requests)
      this.links.note(stall.peer, 'did not deliver in time')
      logger.debug('source-stalled', { peer: stall.peer, blob: this.blob.sha, asideMs: stall.asideMs })
    }
    this.links.retry(now)
    this.#flow?.pump()
    this.#progress.waitingFor = this.#whyWaiting(now)
    if (this.#progress.isDue(now, limits.progressEveryMs)) this.#tell(now)
    if (now - this.#progress.lastByteAt >= this.stallMs && !this.#reusing && !this.#hasHope(now)) {
      this.abort(this.#incomplete())
    }
  }

  async #findManifest(): Promise<Manifest> {
    const { store, clock, limits, reputation } = this.#parts
    const known = await store.manifest(this.blob.chunks)
    if (known) return checkManifest(this.blob, known)
    this.#enter('manifest')
    return await fetchManifest(
      this.blob,
      {
        holders: () => this.links.holders(),
        changed: () => this.#linksChanged.promise,
        liar: (peer, what) => reputation.ban(peer, what, { blob: this.blob.sha }),
        failed: (peer, why) => this.links.note(peer, why),
      },
      { clock, deadlineMs: limits.manifestDeadlineMs, signal: this.#abort.signal },
    )
  }

  async #begin(manifest: Manifest): Promise<void> {
    const { store, limits, random } = this.#parts
    const partial = await store.begin(manifest)
    this.#partial = partial
    this.#manifest = manifest
    this.#abort.signal.throwIfAborted()
    const lengths = Uint32Array.from(manifest.chunks, chunk => chunk.length)
    const transferBytes = Math.min(limits.scheduler.transferBytes, store.buffers.capacityBytes / 2)
    const scheduler = new Scheduler(lengths, {
      limits: { ...limits.scheduler, transferBytes },
      random,
      now: this.#now(),
    })
    this.#scheduler = scheduler
    this.#flow = this.#flowOf(partial, scheduler)
    this.#parts.began(this.blob.sha)
    for (const link of this.links.all()) this.#onHave(link)
    this.#enter('transfer')
    this.#reusing = true
    await reuseLocalChunks(partial, {
      twins: this.#twins,
      signal: this.#abort.signal,
      held: (chunk, fromHere) => this.#gained(chunk, fromHere),
      need: chunk => {
        scheduler.need(chunk)
        this.#flow?.pump()
      },
    })
    this.#reusing = false
    this.#progress.lastByteAt = this.#now()
    this.#finishIfDone()
  }

  #flowOf(partial: PartialBlob, scheduler: Scheduler): ChunkFlow {
    const { store, reputation } = this.#parts
    return new ChunkFlow({
      store,
      links: this.links,
      scheduler,
      partial,
      progress: this.#progress,
      signal: this.#abort.signal,
      now: () => this.#now(),
      mayAsk: () => this.#parts.mayAsk(this.priority, this.#now()) === null,
      asked: bytes => this.#parts.asked(this.priority, bytes),
      gained: chunk => this.#gained(chunk, false),
      lied: (peer, chunk) =>
        reputation.ban(peer, `sent bytes that are not chunk ${chunk} of ${this.blob.sha}`, {
          blob: this.blob.sha,
          chunk,
        }),
      failed: error => this.#fail(error),
    })
  }

  async #complete(): Promise<void> {
    try {
      await this.#partial!.complete()
    } catch (error) {
      if (codeOf(error) !== 'mismatch') throw error
      throw new ExchangeError(
        'mismatch',
        `every chunk of ${this.blob.sha} is as its manifest ${this.blob.chunks} says, but together they are another blob; ` +
          'whoever published it has to publish it again',
        { cause: error },
      )
    }
  }

  #onHave(link: Link): void {
    this.#linksChanged.resolve()
    this.#linksChanged = Promise.withResolvers()
    const scheduler = this.#scheduler
    if (!scheduler || !this.#manifest || link.holds === 'none') return
    const count = this.#manifest.chunks.length
    if (link.holds === 'partial' && link.chunkCount === 0 && count > 0) return
    if (link.chunkCount !== count) {
      this.links.drop(link.peer, `has it in ${link.chunkCount} chunks instead of ${count}`, this.#now())
      return
    }
    scheduler.addSource(link.peer)
    scheduler.setHave(
      link.peer,
      link.holds === 'complete' ? 'complete' : (link.bits ?? new Bitfield(count)),
      link.several,
    )
    link.bits = null
    this.#flow?.pump()
  }

  #onAlso(link: Link, chunks: readonly number[]): void {
    const scheduler = this.#scheduler
    if (!scheduler) {
      const { bits } = link
      for (const chunk of chunks) if (bits && chunk < bits.length) bits.set(chunk)
      return
    }
    for (const chunk of chunks) {
      if (scheduler.addHave(link.peer, chunk)) continue
      this.#parts.reputation.ban(link.peer, `claims to hold chunk ${chunk} of a blob with fewer`, {
        blob: this.blob.sha,
      })
      return
    }
    this.#flow?.pump()
  }

  #onLost(link: Link): void {
    const open = this.#scheduler?.removeSource(link.peer, this.#now()) ?? []
    this.#flow?.abandon(open)
    this.#flow?.pump()
  }

  /** The chunk is here and verified. */
  #gained(chunk: number, fromHere: boolean): void {
    if (fromHere) this.#progress.bytesReused += this.#manifest!.chunks[chunk]!.length
    this.#flow!.abandon(this.#scheduler!.held(chunk, this.#now()))
    this.#parts.gained(this.blob.sha, chunk)
    const twins = this.#twins.get(chunk)
    this.#twins.delete(chunk)
    for (const twin of twins ?? []) void this.#copyTwin(twin)
    this.#finishIfDone()
  }

  async #copyTwin(twin: number): Promise<void> {
    try {
      if (await this.#partial!.reuse(twin)) this.#gained(twin, true)
      else this.#scheduler!.need(twin)
      this.#flow?.pump()
    } catch (error) {
      this.#fail(error)
    }
  }

  #finishIfDone(): void {
    if (this.#scheduler!.done && !this.#reusing) this.#over.resolve()
  }

  #fail(error: unknown): void {
    if (this.#abort.signal.aborted) return
    this.abort(this.#explain(error))
  }

  #explain(error: unknown): ExchangeError {
    if (error instanceof ExchangeError) return error
    if (codeOf(error) === 'disk-full') {
      return new ExchangeError('disk-full', `${this.blob.sha} does not fit on the disk: ${messageOf(error)}`, {
        cause: error,
      })
    }
    return new ExchangeError('incomplete', `${this.blob.sha} could not be stored: ${messageOf(error)}`, {
      cause: error,
    })
  }

  #enter(phase: FetchProgress['phase']): void {
    this.#progress.phase = phase
    if (phase !== 'transfer') this.#progress.waitingFor = undefined
    const now = this.#now()
    if (this.#progress.isDue(now, phase === 'done' ? 0 : this.#parts.limits.progressEveryMs)) this.#tell(now)
  }

  #tell(now: number): void {
    if (this.#listeners.size === 0) return
    const view = this.#progress.view(now)
    for (const listener of this.#listeners) listener(view)
  }

  /** Some member may still deliver: it has not failed since its last byte, or a rule of this node holds the transfer back. */
  #hasHope(now: number): boolean {
    if (this.#progress.phase === 'verify' || this.#flow?.isWriting || this.#flow?.waitsForBuffer) return true
    if (this.#scheduler === null)
      return this.#progress.phase === 'manifest' && this.links.holders().some(link => now - link.since < this.stallMs)
    if (this.#parts.mayAsk(this.priority, now) !== null) return true
    for (const source of this.#scheduler.sources()) {
      if (source.stalls === 0 && source.requests.size > 0) return true
    }
    return false
  }

  #whyWaiting(now: number): string | undefined {
    if (now - this.#progress.lastByteAt < 1_000 || this.#progress.phase === 'verify') return undefined
    const rule = this.#parts.mayAsk(this.priority, now)
    if (this.#scheduler && rule !== null) return rule
    if (this.#flow?.waitsForBuffer) return 'other transfers use all buffers'
    if (this.#reusing) return undefined
    const known = this.#sources()
    if (!this.#scheduler) return known ? `the list of chunks: ${known}` : 'no connected member has it'
    return known ? `${this.#missing()}: ${known}` : `${this.#missing()}; no connected member has them`
  }

  #incomplete(): ExchangeError {
    return incomplete(this.blob, { manifest: this.#manifest, scheduler: this.#scheduler, sources: this.#sources() })
  }

  #missing(): string {
    return describeMissing(this.blob, this.#manifest, this.#scheduler)
  }

  #sources(): string {
    return describeSources(this.links, this.#scheduler, this.#parts.reputation)
  }

  async #cleanUp(): Promise<void> {
    this.#abort.abort(new ExchangeError('closed', 'the transfer is over'))
    const emptied = this.#flow?.close()
    this.links.close()
    await emptied
    await this.#partial?.close()
    this.#listeners.clear()
  }

  #now(): number {
    return this.#parts.clock.monotonicMs()
  }
}
