import { seededRandom } from '#node/kit'
import { Bitfield } from '#swarm/chunk'
import { type ChunkRequest, EXCHANGE_LIMITS } from '#swarm/exchange'
import { EventQueue } from './event-queue.ts'
import { type FleetCounts, fleetReport } from './fleet-report.ts'
import { SimNetwork } from './network.ts'
import { SimHost } from './sim-host.ts'
import type { FleetOptions, FleetReport } from './types.ts'

const TICK_MS = 200

/**
 * A whole fleet that pulls one blob, in virtual time, with the production scheduler and seed policy of every host.
 * Deterministic for a seed.
 */
export function simulateFleet(options: FleetOptions): FleetReport {
  return new Fleet(options).run()
}

class Fleet {
  readonly #options: FleetOptions
  readonly #events = new EventQueue()
  readonly #random: () => number
  readonly #lengths: Uint32Array
  readonly #hosts: SimHost[]
  readonly #byName: Map<string, SimHost>
  readonly #network: SimNetwork
  readonly #verifyMs: number
  readonly #liars: Set<number>
  readonly #counts: FleetCounts = {
    chunksWrittenTwice: 0,
    wastedBytes: 0,
    requests: 0,
    declines: 0,
    stalls: 0,
    bans: 0,
  }
  #pulling = 0

  constructor(options: FleetOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#network = new SimNetwork(this.#events, options)
    this.#verifyMs = options.verifyMs ?? 4
    this.#liars = new Set(options.liars)
    this.#lengths = chunkLengths(options.blobBytes, options.chunkBytes ?? 4 * 1024 * 1024)
    this.#hosts = Array.from({ length: options.hosts + options.origins }, (_, index) => this.#makeHost(index))
    this.#byName = new Map(this.#hosts.map(host => [host.name, host]))
  }

  run(): FleetReport {
    this.#pulling = this.#hosts.filter(host => host.isPuller).length
    this.#connectAll()
    for (const host of this.#hosts) this.#plan(host)
    this.#planPartitions()
    this.#events.run(this.#options.giveUpMs ?? 600_000, () => this.#pulling > 0)
    return fleetReport(this.#options, this.#hosts, this.#counts)
  }

  #makeHost(index: number): SimHost {
    const { hosts, hostBytesPerSecond, bytesPerSecond } = this.#options
    return new SimHost(index, {
      lengths: this.#lengths,
      origin: index >= hosts,
      liar: this.#liars.has(index),
      bytesPerSecond: hostBytesPerSecond?.(index) ?? bytesPerSecond,
      random: this.#random,
      limits: EXCHANGE_LIMITS.scheduler,
      declineMs: EXCHANGE_LIMITS.declineMs,
    })
  }

  #connectAll(): void {
    const wanted = Math.min(this.#options.neighbours ?? 24, this.#hosts.length - 1) / 2
    for (const host of this.#hosts) {
      for (let i = 0; i < wanted; i++) {
        const other = this.#anyOther(host)
        this.#link(host, other)
        this.#link(other, host)
      }
    }
  }

  #plan(host: SimHost): void {
    const startMs = this.#random() * (this.#options.startWithinMs ?? 50)
    this.#events.after(startMs, () => {
      host.startedAt = this.#events.now
      this.#pump(host)
      this.#tick(host)
    })
    if (host.isPuller) this.#rewireLater(host)
    for (const { leaveMs, returnMs } of this.#options.churn?.filter(change => change.host === host.index) ?? []) {
      this.#events.after(leaveMs, () => this.#leave(host))
      this.#events.after(returnMs, () => this.#comeBack(host))
    }
  }

  #planPartitions(): void {
    for (const { untilMs } of this.#options.partitions ?? []) {
      this.#events.after(untilMs, () => {
        for (const host of this.#hosts) if (host.wants) this.#link(host, this.#anyOther(host))
      })
    }
  }

  #tick(host: SimHost): void {
    if (host.complete) return
    if (host.online) {
      for (const stall of host.scheduler.tick(this.#events.now)) {
        this.#counts.stalls++
        this.#cancel(host, stall.requests)
      }
      this.#pump(host)
    }
    this.#events.after(TICK_MS, () => this.#tick(host))
  }

  #pump(host: SimHost): void {
    if (!host.wants) return
    for (;;) {
      const request = host.scheduler.next(this.#events.now)
      if (!request) return
      this.#counts.requests++
      const holder = this.#byName.get(request.peer)!
      this.#network.message(host, holder, () => this.#asked(holder, host, request))
    }
  }

  #asked(holder: SimHost, asker: SimHost, request: ChunkRequest): void {
    const decline = (retryAfterMs: number, notHeld: boolean): void => {
      this.#counts.declines++
      this.#network.message(holder, asker, () => {
        if (!isOpen(asker, request)) return
        asker.scheduler.declined(request, retryAfterMs, this.#events.now, { notHeld })
        this.#pump(asker)
      })
    }
    if (holder.held[request.chunk] === 0) {
      decline(1000, true)
      return
    }
    if (holder.complete && holder.askers.size > 1) {
      const decision = holder.seeding.decide(asker.name, request.chunk, request.force, this.#events.now)
      if (!decision.serve) {
        decline(decision.retryAfterMs, false)
        return
      }
    }
    holder.pendingUpload(asker, request)
    this.#network.serve(holder, upload => this.#arrived(upload.to, holder, upload.request))
  }

  #arrived(host: SimHost, from: SimHost, request: ChunkRequest): void {
    const now = this.#events.now
    if (!isOpen(host, request)) {
      if (host.held[request.chunk] === 1) this.#counts.wastedBytes += request.length
      return
    }
    host.scheduler.arrived(request, request.length, now)
    this.#events.after(this.#verifyMs, () => this.#verified(host, from, request))
    this.#pump(host)
  }

  #verified(host: SimHost, from: SimHost, request: ChunkRequest): void {
    if (from.liar) {
      host.scheduler.failed(request.chunk)
      host.banned.add(from)
      this.#counts.bans++
      this.#unlink(host, from)
    } else if (host.held[request.chunk] === 1) {
      this.#counts.wastedBytes += request.length
    } else {
      if (host.scheduler.stateOf(request.chunk) === 'held') this.#counts.chunksWrittenTwice++
      this.#cancel(host, host.hold(request.chunk, this.#events.now))
      this.#announce(host, request.chunk)
      if (host.complete) this.#finished(host)
    }
    this.#pump(host)
  }

  #announce(host: SimHost, chunk: number): void {
    for (const asker of host.askers) {
      if (!asker.wants || !this.#network.reach(host, asker)) continue
      asker.scheduler.addHave(host.name, chunk)
      if (host.complete) asker.scheduler.setHave(host.name, 'complete', host.askers.size > 1)
      this.#pump(asker)
    }
  }

  #finished(host: SimHost): void {
    host.finishedAt = this.#events.now
    this.#pulling--
    for (const source of host.sources) {
      source.askers.delete(host)
      source.seeding.leave(host.name)
    }
    host.sources.clear()
  }

  #link(asker: SimHost, holder: SimHost): void {
    if (!asker.wants || !holder.online || asker === holder || asker.sources.has(holder)) return
    if (asker.banned.has(holder) || !this.#network.reach(asker, holder)) return
    asker.sources.add(holder)
    holder.askers.add(asker)
    holder.seeding.join(asker.name)
    asker.scheduler.addSource(holder.name)
    asker.scheduler.setHave(holder.name, holdings(holder), holder.askers.size > 1)
  }

  #unlink(asker: SimHost, holder: SimHost): void {
    if (!asker.sources.delete(holder)) return
    holder.askers.delete(asker)
    holder.seeding.leave(asker.name)
    this.#cancel(asker, asker.scheduler.removeSource(holder.name, this.#events.now))
  }

  #rewireLater(host: SimHost): void {
    const everyMs = this.#options.rewireEveryMs ?? 1000
    this.#events.after(everyMs * (0.5 + this.#random()), () => {
      if (host.complete) return
      if (host.online) this.#rewire(host)
      this.#rewireLater(host)
    })
  }

  /** The neighbour that gave least makes room for another member. */
  #rewire(host: SimHost): void {
    if (host.sources.size >= (this.#options.neighbours ?? 24)) {
      let worst: SimHost | null = null
      let least = Number.POSITIVE_INFINITY
      for (const source of host.sources) {
        const bytes = host.scheduler.source(source.name)?.deliveredBytes ?? 0
        if (bytes < least && !source.complete) {
          worst = source
          least = bytes
        }
      }
      if (worst) this.#unlink(host, worst)
    }
    const other = this.#anyOther(host)
    this.#link(host, other)
    this.#link(other, host)
    this.#pump(host)
  }

  #leave(host: SimHost): void {
    host.online = false
    host.life++
    host.sending = false
    host.uploads.length = 0
    host.uploadOf.clear()
    for (const asker of host.askers) this.#unlink(asker, host)
    for (const source of host.sources) this.#unlink(host, source)
  }

  #comeBack(host: SimHost): void {
    host.online = true
    host.downFreeAt = this.#events.now
    for (let i = 0; i < (this.#options.neighbours ?? 24); i++) {
      const other = this.#anyOther(host)
      this.#link(host, other)
      this.#link(other, host)
      this.#pump(other)
    }
    this.#pump(host)
  }

  #cancel(host: SimHost, requests: readonly ChunkRequest[]): void {
    for (const request of requests) this.#byName.get(request.peer)?.cancelUpload(host, request)
  }

  #anyOther(host: SimHost): SimHost {
    const at = Math.floor(this.#random() * (this.#hosts.length - 1))
    return this.#hosts[at < host.index ? at : at + 1]!
  }
}

function isOpen(host: SimHost, request: ChunkRequest): boolean {
  return host.scheduler.source(request.peer)?.requests.has(request.id) === true
}

function holdings(host: SimHost): Bitfield | 'complete' {
  if (host.complete) return 'complete'
  const bits = new Bitfield(host.held.length)
  for (let chunk = 0; chunk < host.held.length; chunk++) if (host.held[chunk] === 1) bits.set(chunk)
  return bits
}

function chunkLengths(blobBytes: number, chunkBytes: number): Uint32Array {
  const lengths = new Uint32Array(Math.ceil(blobBytes / chunkBytes)).fill(chunkBytes)
  if (lengths.length > 0) lengths[lengths.length - 1] = blobBytes - chunkBytes * (lengths.length - 1)
  return lengths
}
