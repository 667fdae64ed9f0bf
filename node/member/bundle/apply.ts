import { descriptorOf } from '#curator/transfer'
import { messageOf } from '#node/kit'
import { decodeRecord, type SignedRecord } from '#swarm/record'
import type { Member } from '../member.ts'
import { recordSets } from './create.ts'
import { BundleError, type Frame, type Head, readFrames, readJson } from './format.ts'

/** What a bundle brought. */
export interface Applied {
  readonly from: string
  readonly createdAt: number
  readonly records: { readonly fresh: number; readonly known: number; readonly refused: number }
  readonly blobs: { readonly fresh: number; readonly known: number; readonly refused: number }
  readonly projects: { readonly fresh: number; readonly notHeld: number; readonly refused: number }
  /** Sentences about what was refused, the first few. */
  readonly problems: readonly string[]
}

const MAX_PROBLEMS = 20
/** Records that wait for another one of the same bundle are offered again as often. */
const ROUNDS = 3

/**
 * Takes everything of a bundle that can be verified, one part after the other. What is known already is read past, so that a bundle that broke
 * off is simply applied again; nothing is ever replaced by something older.
 * @throws BundleError; StoreError 'disk-full'
 */
export async function applyBundle(
  member: Member,
  source: AsyncIterable<Uint8Array>,
  options: { signal: AbortSignal },
): Promise<Applied> {
  const frames = readFrames(source)
  const first = await frames.next()
  if (first.done === true || first.value.kind !== 'head') throw new BundleError('malformed', 'the bundle has no head')
  const head = readJson<Partial<Head>>(first.value.payload)
  if (head.fleet !== member.fleetId) {
    throw new BundleError(
      'wrong-fleet',
      `the bundle is of fleet ${String(head.fleet).slice(0, 12)}…, this machine of ${member.fleetId.slice(0, 12)}…`,
    )
  }
  const work = new Application(member, options.signal)
  for await (const { kind, payload } of frames) {
    options.signal.throwIfAborted()
    if (kind === 'record') await work.record(payload)
    else if (kind === 'blob') await work.blob(readJson(payload), partOf(frames))
    else if (kind === 'project') await work.project(readJson(payload), partOf(frames))
    else if (kind !== 'end') throw new BundleError('malformed', `the bundle is damaged: a '${kind}' where none belongs`)
  }
  await work.settle()
  return { from: String(head.hostname ?? ''), createdAt: Number(head.createdAt ?? 0), ...work.result }
}

/** The bytes of one part, up to its end; what the reader leaves is read past. */
async function* partOf(frames: AsyncGenerator<Frame>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { value, done } = await frames.next()
    if (done === true) throw new BundleError('malformed', 'the bundle ends inside a part')
    if (value.kind === 'endOfPart') return
    if (value.kind !== 'data')
      throw new BundleError('malformed', `the bundle is damaged: a '${value.kind}' inside a part`)
    yield value.payload
  }
}

class Application {
  readonly #member: Member
  readonly #signal: AbortSignal
  readonly #records = { fresh: 0, known: 0, refused: 0 }
  readonly #blobs = { fresh: 0, known: 0, refused: 0 }
  readonly #projects = { fresh: 0, notHeld: 0, refused: 0 }
  readonly #problems: string[] = []
  #held: { topic: string; record: SignedRecord }[] = []
  #named: Set<string> | undefined

  constructor(member: Member, signal: AbortSignal) {
    this.#member = member
    this.#signal = signal
  }

  get result(): Omit<Applied, 'from' | 'createdAt'> {
    return { records: this.#records, blobs: this.#blobs, projects: this.#projects, problems: this.#problems }
  }

  async record(payload: Uint8Array): Promise<void> {
    const length = payload[0] ?? 0
    const topic = new TextDecoder().decode(payload.subarray(1, 1 + length))
    try {
      await this.#offer(topic, decodeRecord(payload.slice(1 + length)), true)
    } catch (error) {
      this.#records.refused++
      this.#problem(`a record of '${topic.slice(0, 20)}': ${messageOf(error)}`)
    }
  }

  async blob(header: { sha?: unknown; sizeBytes?: unknown }, bytes: AsyncGenerator<Uint8Array>): Promise<void> {
    await this.settle()
    const { store } = this.#member
    const sha = String(header.sha)
    const sizeBytes = Number(header.sizeBytes)
    const isNamed = this.#namedBlobs().has(sha)
    const isHere = isNamed && (await store.stat(sha))?.state === 'complete'
    if (isHere || !isNamed || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
      for await (const _ of bytes) this.#signal.throwIfAborted()
      if (isHere) this.#blobs.known++
      else {
        this.#blobs.refused++
        this.#problem(`blob ${sha.slice(0, 12)}: no signed entry names it`)
      }
      return
    }
    const pin = `bundle:${sha}`
    const stored = await store.ingest(bytes, {
      maxBytes: sizeBytes,
      expectedBytes: sizeBytes,
      pin,
      signal: this.#signal,
    })
    await store.unpin(stored.sha, pin)
    if (stored.sha === sha) this.#blobs.fresh++
    else {
      await store.remove(stored.sha)
      this.#blobs.refused++
      this.#problem(`blob ${sha.slice(0, 12)}: its bytes hash to ${stored.sha.slice(0, 12)}`)
    }
  }

  async project(header: { project?: unknown; tips?: unknown }, bytes: AsyncGenerator<Uint8Array>): Promise<void> {
    await this.settle()
    const { projects, replicator } = this.#member
    const id = String(header.project)
    const tips = Array.isArray(header.tips)
      ? header.tips.filter(tip => /^[0-9a-f]{40}$/.test(String(tip))).map(String)
      : []
    const named = new Set(projects.refs(id).flatMap(ref => projects.heads(id, ref).map(head => head.new)))
    const isHeld = replicator.isHeld(id)
    const wanted = tips.filter(tip => named.has(tip))
    if (!isHeld || wanted.length === 0) {
      for await (const _ of bytes) this.#signal.throwIfAborted()
      if (!isHeld) this.#projects.notHeld++
      else if (tips.length > 0) this.#refuseProject(id, 'no signed update names its commits')
      return
    }
    try {
      await replicator.receive(id, wanted, bytes, { signal: this.#signal })
      await replicator.reconcile(id, { signal: this.#signal })
      this.#projects.fresh++
    } catch (error) {
      this.#signal.throwIfAborted()
      if (error instanceof BundleError) throw error
      for await (const _ of bytes) this.#signal.throwIfAborted()
      this.#refuseProject(id, messageOf(error))
    }
  }

  /** Offers again what had to wait for other records. */
  async settle(): Promise<void> {
    for (let round = 0; round < ROUNDS && this.#held.length > 0; round++) {
      const waiting = this.#held
      this.#held = []
      for (const { topic, record } of waiting) await this.#offer(topic, record, round < ROUNDS - 1)
    }
  }

  async #offer(topic: string, record: SignedRecord, mayWait: boolean): Promise<void> {
    const set = recordSets(this.#member).find(candidate => candidate.topic === topic)
    if (set === undefined) throw new BundleError('malformed', 'nobody knows this kind of record here')
    const outcome = await set.offer(record, { sync: true })
    if (outcome === 'new') this.#records.fresh++
    else if (outcome === 'held' && mayWait) this.#held.push({ topic, record })
    else if (outcome === 'held') {
      this.#records.refused++
      this.#problem(`a ${record.kind} record: its signer has no right to it as far as this machine knows`)
    } else this.#records.known++
    if (outcome === 'new') this.#named = undefined
  }

  #namedBlobs(): ReadonlySet<string> {
    if (this.#named === undefined) {
      this.#named = new Set()
      for (const { view } of this.#member.catalog.artifacts()) {
        for (const blob of Object.values(view.versions).flat()) this.#named.add(descriptorOf(blob).sha)
      }
    }
    return this.#named
  }

  #refuseProject(id: string, reason: string): void {
    this.#projects.refused++
    this.#problem(`project ${this.#member.projects.get(id)?.handle ?? id.slice(0, 12)}: ${reason}`)
  }

  #problem(sentence: string): void {
    if (this.#problems.length < MAX_PROBLEMS) this.#problems.push(sentence)
  }
}
