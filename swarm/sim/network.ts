import type { EventQueue } from './event-queue.ts'
import type { SimHost, Upload } from './sim-host.ts'
import type { FleetOptions } from './types.ts'

/**
 * What is between the hosts: a host sends one chunk at a time at its link's rate, in the order asked; the receiver takes them at its
 * own link's rate, so that a chunk's last byte arrives when both links have carried it. Messages take the latency.
 */
export class SimNetwork {
  readonly #events: EventQueue
  readonly #latencyMs: number
  readonly #partitions: NonNullable<FleetOptions['partitions']>

  constructor(events: EventQueue, options: Pick<FleetOptions, 'latencyMs' | 'partitions'>) {
    this.#events = events
    this.#latencyMs = options.latencyMs ?? 0.5
    this.#partitions = options.partitions ?? []
  }

  reach(a: SimHost, b: SimHost): boolean {
    if (!a.online || !b.online) return false
    const now = this.#events.now
    return !this.#partitions.some(
      cut => now >= cut.fromMs && now < cut.untilMs && cut.side(a.index) !== cut.side(b.index),
    )
  }

  /** Lost when the hosts cannot reach each other or one of them left meanwhile. */
  message(from: SimHost, to: SimHost, deliver: () => void, extraMs = 0): void {
    if (!this.reach(from, to)) return
    const lives = from.life + to.life
    this.#events.after(this.#latencyMs + extraMs, () => {
      if (from.life + to.life === lives && this.reach(from, to)) deliver()
    })
  }

  /** Sends what is asked of the holder until nothing is left, or it leaves. Nothing happens when that is under way. */
  serve(holder: SimHost, arrived: (upload: Upload) => void): void {
    if (!holder.sending) this.#sendNext(holder, arrived)
  }

  #sendNext(holder: SimHost, arrived: (upload: Upload) => void): void {
    const upload = holder.nextUpload()
    holder.sending = upload !== null
    if (!upload) return
    const life = holder.life
    holder.sentBytes += upload.request.length
    this.#events.after((upload.request.length * 1000) / holder.bytesPerSecond, () => {
      if (holder.life !== life) return
      this.#carry(holder, upload, arrived)
      this.#sendNext(holder, arrived)
    })
  }

  #carry(holder: SimHost, upload: Upload, arrived: (upload: Upload) => void): void {
    const { to, request } = upload
    const now = this.#events.now
    const arrivesAt = Math.max(now, to.downFreeAt + (request.length * 1000) / to.bytesPerSecond)
    to.downFreeAt = arrivesAt
    this.message(holder, to, () => arrived(upload), arrivesAt - now)
  }
}
