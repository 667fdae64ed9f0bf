import type { PeerId } from '#node/host'
import { type Clock, codeOf, type Logger, messageOf, type Random } from '#node/kit'
import type { Manifest, Sha256Hex } from '#swarm/chunk'
import type { BlobDescriptor, BlobStore, PartialBlob } from '#swarm/store'
import type { AskStream } from './ask-stream.ts'
import { Assembly } from './assembly.ts'
import { ExchangeError } from './errors.ts'
import type { ExchangeLimits } from './limits.ts'
import { Links } from './links.ts'
import { checkManifest, fetchManifest } from './manifest-fetch.ts'
import { describeMissing, describeSources, incomplete } from './missing.ts'
import { Progress } from './progress.ts'
import type { Reputation } from './reputation.ts'
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
  /** Null until the manifest is known. */
  #assembly: Assembly | null = null

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
        have: link => {
          this.#linksChanged.resolve()
          this.#linksChanged = Promise.withResolvers()
          this.#assembly?.have(link)
        },
        also: (link, chunks) => {
          if (this.#assembly) this.#assembly.also(link, chunks)
          else for (const chunk of chunks) if (link.bits && chunk < link.bits.length) link.bits.set(chunk)
        },
        lost: link => this.#assembly?.lost(link),
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
      const assembly = await this.#begin(manifest)
      await this.#over.promise
      this.#enter('verify')
      await assembly.complete()
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
    this.#assembly?.tick(now)
    this.links.retry(now)
    this.#assembly?.pump()
    this.#progress.waitingFor = this.#whyWaiting(now)
    if (this.#progress.isDue(now, this.#parts.limits.progressEveryMs)) this.#tell(now)
    if (now - this.#progress.lastByteAt >= this.stallMs && !this.#assembly?.isReusing && !this.#hasHope(now)) {
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

  async #begin(manifest: Manifest): Promise<Assembly> {
    const assembly = this.#assemblyOf(await this.#parts.store.begin(manifest))
    this.#assembly = assembly
    this.#abort.signal.throwIfAborted()
    this.#parts.began(this.blob.sha)
    for (const link of this.links.all()) assembly.have(link)
    this.#enter('transfer')
    await assembly.reuse()
    return assembly
  }

  #assemblyOf(partial: PartialBlob): Assembly {
    return new Assembly({
      ...this.#parts,
      blob: this.blob,
      partial,
      links: this.links,
      progress: this.#progress,
      signal: this.#abort.signal,
      now: () => this.#now(),
      mayAsk: () => this.#parts.mayAsk(this.priority, this.#now()) === null,
      asked: bytes => this.#parts.asked(this.priority, bytes),
      filled: () => this.#over.resolve(),
      failed: error => this.#fail(error),
    })
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
    if (this.#progress.phase === 'verify') return true
    if (this.#assembly === null)
      return this.#progress.phase === 'manifest' && this.links.holders().some(link => now - link.since < this.stallMs)
    return this.#assembly.isExpecting || this.#parts.mayAsk(this.priority, now) !== null
  }

  #whyWaiting(now: number): string | undefined {
    if (now - this.#progress.lastByteAt < 1_000 || this.#progress.phase === 'verify') return undefined
    const rule = this.#parts.mayAsk(this.priority, now)
    if (this.#assembly && rule !== null) return rule
    if (this.#assembly?.waitsForBuffer) return 'other transfers use all buffers'
    if (this.#assembly?.isReusing) return undefined
    const known = this.#sources()
    if (!this.#assembly) return known ? `the list of chunks: ${known}` : 'no connected member has it'
    return known ? `${this.#missing()}: ${known}` : `${this.#missing()}; no connected member has them`
  }

  #incomplete(): ExchangeError {
    return incomplete(this.blob, this.#assembly, this.#sources())
  }

  #missing(): string {
    return describeMissing(this.blob, this.#assembly)
  }

  #sources(): string {
    return describeSources(this.links, this.#assembly, this.#parts.reputation)
  }

  async #cleanUp(): Promise<void> {
    this.#abort.abort(new ExchangeError('closed', 'the transfer is over'))
    const closed = this.#assembly?.close()
    this.links.close()
    await closed
    this.#listeners.clear()
  }

  #now(): number {
    return this.#parts.clock.monotonicMs()
  }
}
