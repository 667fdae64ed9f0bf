import type { PeerId } from '#node/host'
import { type Clock, codeOf, Deadline, messageOf, sha256Hex } from '#node/kit'
import { decodeManifest, MAX_MANIFEST_BYTES, type Manifest, MIN_CHUNK_BYTES } from '#swarm/chunk'
import type { BlobDescriptor } from '#swarm/store'
import type { AskStream } from './ask-stream.ts'
import { ExchangeError } from './errors.ts'

const HEDGE_MS = 2_000
const RETRY_MS = 1_000
const MAX_AT_ONCE = 3

/** Longest manifest that a blob of that size can have: a head, then 32 bytes and a length of up to 4 for each chunk. */
export function largestManifest(sizeBytes: number): number {
  return Math.min(MAX_MANIFEST_BYTES, 64 + 36 * (Math.floor(sizeBytes / MIN_CHUNK_BYTES) + 1))
}

export interface ManifestSources {
  /** Members that may have it, best first. */
  holders(): readonly { peer: PeerId; stream: AskStream }[]
  /** Resolves when `holders` may answer more. */
  changed(): Promise<void>
  liar(peer: PeerId, what: string): void
  failed(peer: PeerId, why: string): void
}

/**
 * Brings the manifest that the descriptor names from the first member who has it: one is asked, after two seconds another.
 * @throws ExchangeError 'mismatch' when the true manifest describes another blob; the signal's reason
 */
export async function fetchManifest(
  blob: BlobDescriptor,
  sources: ManifestSources,
  options: { clock: Clock; deadlineMs: number; signal: AbortSignal },
): Promise<Manifest> {
  const { clock, signal } = options
  const notBefore = new Map<PeerId, number>()
  const attempts = new Map<PeerId, Promise<Uint8Array | null>>()
  let askedAt = Number.NEGATIVE_INFINITY
  using stop = new Stop(signal)
  for (;;) {
    signal.throwIfAborted()
    const now = clock.monotonicMs()
    const free = sources.holders().find(({ peer }) => !attempts.has(peer) && (notBefore.get(peer) ?? 0) <= now)
    const hedge = attempts.size === 0 || (attempts.size < MAX_AT_ONCE && now - askedAt >= HEDGE_MS)
    if (free && hedge) {
      askedAt = now
      attempts.set(free.peer, ask(free, blob, sources, { deadlineMs: options.deadlineMs, signal: stop.signal }))
      notBefore.set(free.peer, now + RETRY_MS)
    }
    const settled = [...attempts].map(([peer, attempt]) => attempt.then(bytes => ({ peer, bytes })))
    using pause = new Pause(clock, RETRY_MS / 4, signal)
    const first = await Promise.race([...settled, sources.changed(), pause.over])
    if (!first) continue
    attempts.delete(first.peer)
    if (first.bytes) return read(blob, first.bytes)
  }
}

async function ask(
  { peer, stream }: { peer: PeerId; stream: AskStream },
  blob: BlobDescriptor,
  sources: ManifestSources,
  options: { deadlineMs: number; signal: AbortSignal },
): Promise<Uint8Array | null> {
  try {
    using deadline = new Deadline(options.deadlineMs, `the manifest from ${peer}`, options.signal)
    const bytes = await stream.manifest(blob.chunks, largestManifest(blob.sizeBytes), deadline.signal)
    if (sha256Hex(bytes) === blob.chunks) return bytes
    sources.liar(peer, `sent a manifest that is not ${blob.chunks}`)
  } catch (error) {
    sources.failed(peer, messageOf(error))
  }
  return null
}

/** The bytes are what the descriptor names; if they do not fit it, then whoever made the descriptor is wrong. */
function read(blob: BlobDescriptor, bytes: Uint8Array): Manifest {
  try {
    return checkManifest(blob, decodeManifest(bytes))
  } catch (error) {
    if (codeOf(error) === 'mismatch') throw error
    throw new ExchangeError(
      'mismatch',
      `the manifest ${blob.chunks} of ${blob.sha} cannot be read: ${messageOf(error)}`,
    )
  }
}

/** @throws ExchangeError 'mismatch' */
export function checkManifest(blob: BlobDescriptor, manifest: Manifest): Manifest {
  if (manifest.blob === blob.sha && manifest.sizeBytes === blob.sizeBytes) return manifest
  throw new ExchangeError(
    'mismatch',
    `the manifest ${blob.chunks} describes ${manifest.blob} with ${manifest.sizeBytes} bytes, not ${blob.sha} with ` +
      `${blob.sizeBytes}; whoever published it has to publish it again`,
  )
}

class Stop implements Disposable {
  readonly #controller = new AbortController()
  readonly signal: AbortSignal

  constructor(parent: AbortSignal) {
    this.signal = AbortSignal.any([this.#controller.signal, parent])
  }

  [Symbol.dispose](): void {
    this.#controller.abort(new ExchangeError('closed', 'another member was faster'))
  }
}

class Pause implements Disposable {
  readonly over: Promise<undefined>
  readonly #controller = new AbortController()

  constructor(clock: Clock, ms: number, signal: AbortSignal) {
    const either = AbortSignal.any([this.#controller.signal, signal])
    this.over = clock.sleep(ms, { signal: either }).then(
      () => undefined,
      () => undefined,
    )
  }

  [Symbol.dispose](): void {
    this.#controller.abort()
  }
}
