import {
  type ConfigStore,
  compile,
  loadTree,
  ReadCache,
  type ReleaseHash,
  type Releases,
  shortHash,
  type Traits,
} from '#config/store'
import { type Clock, type Logger, messageOf } from '#node/kit'
import { PolicyError } from './errors.ts'
import { type Judgement, judge, renderErrors } from './judge.ts'
import { Reloads } from './reloads.ts'
import type { Policy, PolicyAnswer, PolicyProblem, Staging } from './types.ts'

/** Who counts what the policy does. */
export interface PolicyObserver {
  /** A bundle was made, or taken from what was made for an equal host. */
  compiled(durationMs: number): void
  reloaded(outcome: 'loaded' | 'unchanged' | 'refused'): void
}

export interface PolicyOptions {
  readonly releases: Releases
  readonly clock: Clock
  readonly logger: Logger
  readonly observer?: PolicyObserver
  /** Why nobody is to be answered yet; null when everybody is. */
  readonly whyNotReady?: () => string | null
}

const EVERYBODY_GETS_LIVE: Staging = { baseOf: () => null, isCanary: () => true }

/** What is given out: all of it changes at once. */
interface InForce {
  readonly live: ConfigStore | null
  /** Of a staged roll-out. */
  readonly base: ConfigStore | null
}

interface Reloaded {
  readonly version: number
  readonly release: ReleaseHash | null
  readonly isChanged: boolean
}

/**
 * Loads what is live. Errors of idempotency alone leave the server without a policy and with a `problem`.
 *
 * @throws PolicyError 'bad-policy', ReleaseError 'bad-live', 'no-folder', 'no-permission'
 */
export async function createPolicy(options: PolicyOptions): Promise<Policy> {
  const policy = new LivePolicy(options)
  await policy.start()
  return policy
}

class LivePolicy implements Policy {
  readonly #releases: Releases
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #observer: PolicyObserver | undefined
  readonly #whyNotReady: () => string | null
  readonly #cache = new ReadCache()
  readonly #listeners = new Set<() => void>()
  readonly #reloads = new Reloads<Reloaded>(() => this.#reload())
  readonly #restages = new Reloads<void>(() => this.#restage())
  #staging = EVERYBODY_GETS_LIVE
  #inForce: InForce = { live: null, base: null }
  #version = 0
  #loadedAt: number
  #problem: PolicyProblem | null = null

  constructor({ releases, clock, logger, observer, whyNotReady }: PolicyOptions) {
    this.#releases = releases
    this.#clock = clock
    this.#logger = logger
    this.#observer = observer
    this.#whyNotReady = whyNotReady ?? (() => null)
    this.#loadedAt = clock.now()
  }

  get version(): number {
    return this.#version
  }

  get release(): ReleaseHash | null {
    return this.#inForce.live?.release ?? null
  }

  get loadedAt(): number {
    return this.#loadedAt
  }

  get problem(): PolicyProblem | null {
    return this.#problem
  }

  get store(): ConfigStore | null {
    return this.#inForce.live
  }

  async start(): Promise<void> {
    const live = await this.#releases.live()
    if (live === null) {
      this.#logger.info('nothing-live', {}, 'nothing is published yet: envoys are told to do nothing')
      return
    }
    const store = await this.#load(live)
    const judgement = judge(live, store)
    if (judgement.kind === 'broken') {
      throw new PolicyError(
        'bad-policy',
        `${judgement.message}; nothing is served of it. Publish a valid tree, or roll back (vigocli config rollback), and start again\n${renderErrors(judgement.errors)}`,
      )
    }
    if (judgement.kind === 'good') this.#enforce({ live: store, base: null }, live)
    else this.#noteRefusal(judgement)
  }

  answerFor(host: string, traits: Traits): PolicyAnswer {
    const unready = this.#whyNotReady()
    if (unready !== null) return { kind: 'not-ready', reason: unready }
    const store = this.#storeFor(host)
    if (store === null) return { kind: 'no-policy', reason: this.#whyNothing() }
    const began = this.#clock.monotonicMs()
    const result = compile(store, host, traits)
    this.#observer?.compiled(this.#clock.monotonicMs() - began)
    switch (result.outcome) {
      case 'compiled':
        return { kind: 'bundle', bundle: result.bundle }
      case 'unmatched':
        return { kind: 'no-policy', reason: `no entry of envoys matches '${host}'` }
      case 'failed':
        return { kind: 'failed', diagnostics: result.diagnostics }
    }
  }

  releaseFor(host: string): ReleaseHash | null {
    return this.#storeFor(host)?.release ?? null
  }

  async reload(options: { signal?: AbortSignal | undefined } = {}): Promise<Reloaded> {
    return await this.#reloads.run(options)
  }

  async stageBy(staging: Staging, options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    this.#staging = staging
    await this.restage(options)
  }

  async restage(options: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    await this.#restages.run(options)
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async #reload(): Promise<Reloaded> {
    let isChanged = false
    try {
      isChanged = await this.#loadLive()
    } catch (error) {
      this.#note(messageOf(error), [])
    }
    this.#observer?.reloaded(this.#problem !== null ? 'refused' : isChanged ? 'loaded' : 'unchanged')
    return { version: this.#version, release: this.release, isChanged }
  }

  /** Whether something else is in force now. @throws ReleaseError */
  async #loadLive(): Promise<boolean> {
    const live = await this.#releases.live()
    if (live === null) {
      const hadPolicy = this.#inForce.live !== null
      this.#problem = null
      if (hadPolicy) this.#enforce({ live: null, base: null }, null)
      return hadPolicy
    }
    const store = await this.#load(live)
    const judgement = judge(live, store)
    if (judgement.kind !== 'good') {
      this.#noteRefusal(judgement)
      return false
    }
    const base = await this.#baseOf(store)
    this.#problem = null
    if (this.#inForce.live !== null && isSame(this.#inForce.live, store)) return false
    this.#enforce({ live: store, base }, live)
    return true
  }

  async #restage(): Promise<void> {
    const { live } = this.#inForce
    if (live === null) return
    const base = await this.#baseOf(live)
    // A reload that was quicker has asked the staging itself.
    if (this.#inForce.live !== live) return
    this.#inForce = { live, base }
    this.#tell()
  }

  async #baseOf(live: ConfigStore): Promise<ConfigStore | null> {
    const hash = this.#staging.baseOf(live.release)
    if (hash === null || hash === live.release) return null
    const known = [this.#inForce.live, this.#inForce.base].find(store => store?.release === hash)
    if (known !== undefined && known !== null) return known
    const store = await this.#load(hash)
    const judgement = judge(hash, store)
    if (judgement.kind === 'good') return store
    throw new PolicyError('bad-policy', `the release that other hosts keep cannot be used: ${judgement.message}`)
  }

  async #load(release: ReleaseHash): Promise<ConfigStore> {
    return await loadTree(await this.#releases.tree(release), { release, cache: this.#cache })
  }

  #enforce(inForce: InForce, release: ReleaseHash | null): void {
    this.#inForce = inForce
    this.#version++
    this.#loadedAt = this.#clock.now()
    this.#logger.info('policy-loaded', { release, version: this.#version, base: inForce.base?.release ?? null })
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  #noteRefusal(judgement: Exclude<Judgement, { kind: 'good' }>): void {
    this.#note(judgement.message, judgement.errors)
  }

  #note(message: string, diagnostics: PolicyProblem['diagnostics']): void {
    this.#problem = { at: this.#clock.now(), message, diagnostics }
    const kept = this.release
    const consequence =
      kept === null
        ? 'envoys are told to do nothing until a valid tree is published'
        : `release ${shortHash(kept)} stays in force`
    this.#logger.error('policy-refused', { reason: message, kept }, `${message}; ${consequence}`)
  }

  #storeFor(host: string): ConfigStore | null {
    const { live, base } = this.#inForce
    return base === null || this.#staging.isCanary(host) ? live : base
  }

  #whyNothing(): string {
    return this.#problem === null ? 'nothing is published yet' : 'what is published is not valid'
  }
}

/** The same release with the same files: a folder may have been changed by hand. */
function isSame(a: ConfigStore, b: ConfigStore): boolean {
  if (a.release !== b.release || a.files.size !== b.files.size) return false
  for (const [path, { text }] of a.files) if (b.files.get(path)?.text !== text) return false
  return true
}
