import type { BoltRow, SpannerStatus } from '#node/api'
import { type Clock, sha256Hex } from '#node/kit'
import type { BoltsView } from '../../../bolt-watch.ts'

/** Servers that are as the test says. */
export class FakeBolts implements BoltsView {
  status: SpannerStatus | null = null
  readonly acts: string[] = []
  readonly #clock: Clock
  readonly #listeners = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  behindSince(peer: string): number | null {
    const isBehind = this.status?.bolts.find(bolt => bolt.peer === peer)?.follows === false
    return isBehind ? this.#clock.now() - 200_000 : null
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  setDraining = async (bolt: string, isDraining: boolean): Promise<void> => {
    this.acts.push(`${isDraining ? 'drain' : 'undrain'} ${bolt}`)
  }

  set(status: SpannerStatus): void {
    this.status = status
    for (const listener of this.#listeners) listener()
  }

  /** Three servers: one follows, one refuses what is live, one is away. */
  three(release: string): SpannerStatus {
    return statusOf({
      release,
      bolts: [
        this.bolt('bolt1.example.com', { release, isSelf: true, isFounder: true, patterns: ['*.eu.example.com'] }),
        this.bolt('bolt2.example.com', {
          release: sha256Hex('older'),
          follows: false,
          problem: "configcrates/nginx.vgo: the resource type 'fille' is not known",
          isDraining: true,
        }),
        { ...this.bolt('bolt3.example.com', { release, follows: false }), isConnected: false, report: null },
      ],
    })
  }

  bolt(hostname: string, options: Partial<BoltRow> & { readonly release: string; readonly problem?: string }): BoltRow {
    const { release, problem = '', ...row } = options
    const now = this.#clock.now()
    return {
      peer: sha256Hex(hostname),
      hostname,
      isFounder: false,
      isSelf: false,
      isConnected: true,
      patterns: [],
      isDraining: false,
      home: { envoys: 17 },
      follows: true,
      report: {
        version: '0.1.0',
        release,
        configVersion: 4,
        loadedAt: now - 600_000,
        head: 'a'.repeat(40),
        problem,
        envoys: { connected: 16, converged: 15, total: 17 },
        startedAt: now - 7_200_000,
      },
      ...row,
    }
  }
}

export function statusOf(status: Partial<SpannerStatus>): SpannerStatus {
  return {
    mode: 'spanner',
    server: 'bolt1.example.com',
    project: { id: 'c'.repeat(64), url: `gitback://${'c'.repeat(64)}/stacks` },
    head: 'a'.repeat(40),
    release: null,
    state: 'settled',
    problem: '',
    heads: [],
    bolts: [],
    ...status,
  }
}

/** Two servers that published without seeing each other. */
export function divergedStatus(bolts: readonly BoltRow[]): SpannerStatus {
  const head = (bolt: string, author: string, reason: string, isHere: boolean) => ({
    commit: sha256Hex(bolt).slice(0, 40),
    release: sha256Hex(`release of ${bolt}`),
    bolt,
    author,
    reason,
    time: '2026-11-20T14:05:09.000Z',
    isHere,
  })
  return statusOf({
    state: 'diverged',
    heads: [
      head('bolt1.example.com', 'anna', 'Listen on port 80', true),
      head('bolt2.example.com', 'ben', 'Another contact', false),
    ],
    bolts: [...bolts],
  })
}
