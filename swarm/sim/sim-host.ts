import type { ChunkRequest, SchedulerLimits } from '#swarm/exchange'
import { Scheduler, SeedPolicy } from '#swarm/exchange'

export interface Upload {
  readonly to: SimHost
  readonly request: ChunkRequest
  cancelled: boolean
}

/** One machine: the production scheduler and seed policy, and the state of its two links. */
export class SimHost {
  readonly index: number
  readonly name: string
  readonly bytesPerSecond: number
  readonly liar: boolean
  readonly origin: boolean
  readonly held: Uint8Array
  heldCount = 0
  online = true
  /** Raised when it leaves, so that what was under way is recognised as lost. */
  life = 0
  startedAt = 0
  finishedAt: number | null = null
  readonly scheduler: Scheduler
  /** Who asks this host. */
  readonly askers = new Set<SimHost>()
  readonly sources = new Set<SimHost>()
  readonly banned = new Set<SimHost>()
  readonly uploads: Upload[] = []
  readonly uploadOf = new Map<number, Map<number, Upload>>()
  sending = false
  sentBytes = 0
  downFreeAt = 0
  seeding: SeedPolicy

  constructor(
    index: number,
    options: {
      lengths: Uint32Array
      origin: boolean
      liar: boolean
      bytesPerSecond: number
      random: () => number
      limits: SchedulerLimits
      declineMs: number
    },
  ) {
    this.index = index
    this.name = `host-${index}`
    this.origin = options.origin
    this.liar = options.liar
    this.bytesPerSecond = options.bytesPerSecond
    this.held = new Uint8Array(options.lengths.length)
    this.seeding = new SeedPolicy(options.declineMs)
    this.scheduler = new Scheduler(options.lengths, { limits: options.limits, random: options.random, now: 0 })
    for (let chunk = 0; chunk < options.lengths.length; chunk++) {
      if (options.origin || options.liar) this.hold(chunk, 0)
      else this.scheduler.need(chunk)
    }
  }

  /** Reports are about such hosts. */
  get isPuller(): boolean {
    return !this.origin && !this.liar
  }

  get complete(): boolean {
    return this.heldCount === this.held.length
  }

  get wants(): boolean {
    return !this.complete && this.online
  }

  hold(chunk: number, now: number): ChunkRequest[] {
    this.held[chunk] = 1
    this.heldCount++
    return this.scheduler.held(chunk, now)
  }

  pendingUpload(to: SimHost, request: ChunkRequest): void {
    const upload = { to, request, cancelled: false }
    this.uploads.push(upload)
    let mine = this.uploadOf.get(to.index)
    if (!mine) {
      mine = new Map()
      this.uploadOf.set(to.index, mine)
    }
    mine.set(request.id, upload)
  }

  nextUpload(): Upload | null {
    while (this.uploads.length > 0) {
      const upload = this.uploads.shift()!
      this.uploadOf.get(upload.to.index)?.delete(upload.request.id)
      if (!upload.cancelled) return upload
    }
    return null
  }

  cancelUpload(to: SimHost, request: ChunkRequest): void {
    const upload = this.uploadOf.get(to.index)?.get(request.id)
    if (upload) upload.cancelled = true
  }
}
