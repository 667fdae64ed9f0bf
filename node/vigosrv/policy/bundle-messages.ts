import type { Bundle } from '#config/store'
import { sha256Hex } from '#node/kit'

/** Bodies that are kept encoded; one of two hundred resources has about 64 KiB. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024

const encoder = new TextEncoder()

/**
 * `bundle` messages in two parts: what is the host's own, and a body that is encoded once for all hosts that have to do the same. Bodies
 * that were not asked for longest are forgotten first.
 */
export class BundleMessages {
  readonly #maxBytes: number
  /** By the hash of their text. */
  readonly #bodies = new Map<string, Uint8Array>()
  /** Hosts that the compiler cannot tell apart have the same list of resources. */
  readonly #known = new WeakMap<Bundle['resources'], string>()
  #keptBytes = 0

  constructor(options: { maxBytes?: number } = {}) {
    this.#maxBytes = options.maxBytes ?? MAX_KEPT_BYTES
  }

  get keptBytes(): number {
    return this.#keptBytes
  }

  encode(
    bundle: Bundle,
    { intervalMs, secretsEpoch }: { readonly intervalMs: number; readonly secretsEpoch: number },
  ): readonly [head: Uint8Array, body: Uint8Array] {
    const { release, host, entry, hash, waivers, ...shared } = bundle
    const own = JSON.stringify({ release, host, entry, hash, waivers })
    const head = `{"type":"bundle","intervalMs":${intervalMs},"secretsEpoch":${secretsEpoch},"bundle":${own.slice(0, -1)},`
    return [encoder.encode(head), this.#bodyOf(bundle.resources, shared)]
  }

  #bodyOf(resources: Bundle['resources'], shared: object): Uint8Array {
    const key = this.#known.get(resources)
    const known = key === undefined ? undefined : this.#bodies.get(key)
    if (key !== undefined && known !== undefined) {
      this.#bodies.delete(key)
      this.#bodies.set(key, known)
      return known
    }
    return this.#add(resources, `${JSON.stringify(shared).slice(1)}}`)
  }

  #add(resources: Bundle['resources'], text: string): Uint8Array {
    const key = sha256Hex(text)
    this.#known.set(resources, key)
    const known = this.#bodies.get(key)
    if (known !== undefined) return known
    const body = encoder.encode(text)
    if (body.byteLength > this.#maxBytes) return body
    this.#bodies.set(key, body)
    this.#keptBytes += body.byteLength
    for (const [oldest, { byteLength }] of this.#bodies) {
      if (this.#keptBytes <= this.#maxBytes) break
      this.#bodies.delete(oldest)
      this.#keptBytes -= byteLength
    }
    return body
  }
}
