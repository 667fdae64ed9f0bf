import type { Bundle } from '#config/store'
import { correctionsAfter, driftOf, statusOf } from './axes.ts'
import type { EnvoyRow, Reachability, RunSummary } from './types.ts'

/** A bundle that an envoy was given, and the release that it was given for. */
export interface Given {
  readonly release: string
  readonly bundle: string
}

/** What is known of an envoy because of its runs; written together with each of them. */
export interface RunState {
  readonly run: RunSummary | null
  readonly bundle: string | null
  /** Runs in a row that had to correct something. */
  readonly corrections: number
  /** Stored ones. */
  readonly runs: number
  readonly runBytes: number
}

export const NO_RUNS: RunState = { run: null, bundle: null, corrections: 0, runs: 0, runBytes: 0 }

export function afterRun(before: RunState, run: RunSummary, bundle: string, bytes: number): RunState {
  return {
    run,
    bundle,
    corrections: correctionsAfter(before.corrections, run),
    runs: before.runs + 1,
    runBytes: before.runBytes + bytes,
  }
}

export const STORED_FORMAT = 1

/** What it was last answered. */
export interface AnswerState {
  readonly problem: string
  readonly environment: string | null
  readonly entry: string | null
  readonly crates: readonly string[]
}

export const NO_ANSWER: AnswerState = { problem: '', environment: null, entry: null, crates: [] }

/** All of an envoy that outlives the process. */
export interface StoredEnvoy {
  readonly format: typeof STORED_FORMAT
  readonly version: string
  readonly seenAt: number | null
  readonly intervalMs: number
  readonly traitsHash: string
  readonly answer: AnswerState
  readonly runs: RunState
  readonly given: readonly Given[]
}

/** A report of an older one than these is not believed. */
const MAX_GIVEN = 8

/** What the server knows of one envoy. The fleet index alone changes it; its `row` is made when somebody looks. */
export class EnvoyState {
  readonly peer: string
  readonly hostname: string
  readonly platform: string
  version = ''
  isConnected = false
  home: string | null = null
  reachability: Reachability = 'never-seen'
  seenAt: number | null = null
  /** On the clock that never jumps. */
  heardMs: number | null = null
  intervalMs: number
  wantedRelease: string | null = null
  traitsHash = ''
  answer = NO_ANSWER
  runs = NO_RUNS
  #given: readonly Given[] = []
  #row: EnvoyRow | null = null

  constructor(member: { peer: string; hostname: string; platform: string }, intervalMs: number) {
    this.peer = member.peer
    this.hostname = member.hostname
    this.platform = member.platform
    this.intervalMs = intervalMs
  }

  get row(): EnvoyRow {
    this.#row ??= this.#makeRow()
    return this.#row
  }

  /** After each change. */
  touch(): void {
    this.#row = null
  }

  wasGiven({ release, bundle }: Given): boolean {
    return this.#given.some(given => given.bundle === bundle && (given.release === release || release === ''))
  }

  /** False when it had been given that before. */
  give(given: Given): boolean {
    const isNew = !this.#given.some(({ release, bundle }) => given.bundle === bundle && given.release === release)
    if (isNew) this.#given = [given, ...this.#given].slice(0, MAX_GIVEN)
    return isNew
  }

  stored(runs: RunState = this.runs): StoredEnvoy {
    const { version, seenAt, intervalMs, traitsHash, answer } = this
    return { format: STORED_FORMAT, version, seenAt, intervalMs, traitsHash, answer, runs, given: this.#given }
  }

  restore(stored: StoredEnvoy): void {
    this.version = stored.version
    this.seenAt = stored.seenAt
    this.intervalMs = stored.intervalMs
    this.traitsHash = stored.traitsHash
    this.answer = stored.answer
    this.runs = stored.runs
    this.#given = stored.given
  }

  #makeRow(): EnvoyRow {
    const { run, bundle, corrections } = this.runs
    return {
      peer: this.peer,
      hostname: this.hostname,
      platform: this.platform,
      version: this.version,
      status: statusOf(run),
      drift: driftOf(corrections),
      reachability: this.reachability,
      isConnected: this.isConnected,
      home: this.home,
      wantedRelease: this.wantedRelease,
      release: run?.release ?? null,
      bundle,
      lastSeenAt: this.seenAt,
      lastRun: run,
      ...this.answer,
    }
  }
}

const crateNames = new WeakMap<Bundle['crates'], readonly string[]>()

/** Hosts that get the same crates share the list of their names. */
export function answerStateOf({ crates, environment, entry }: Bundle): AnswerState {
  let names = crateNames.get(crates)
  if (names === undefined) {
    names = crates.map(({ name }) => name)
    crateNames.set(crates, names)
  }
  return { problem: '', environment, entry: entry.match, crates: names }
}
