const MiB = 1024 * 1024

/** Knobs of the scheduler; bytes, milliseconds, bytes per second. */
export interface SchedulerLimits {
  /** Asked for, arriving or being written, for one transfer. */
  readonly transferBytes: number
  /** ... and no more than arrives within this time at the rate of the whole transfer. */
  readonly queueMs: number
  /** Asked of one source at a time: where it starts, and what it never exceeds. */
  readonly startWindowBytes: number
  readonly windowBytes: number
  /** A window covers this much of a source's measured rate (or twice its latency, if that is longer). */
  readonly windowMs: number
  /** A request may take so much longer than its source's rate promises. */
  readonly patience: number
  readonly deadlineFloorMs: number
  readonly deadlineCeilingMs: number
  /** For a source that has not shown a rate yet. */
  readonly firstDeadlineMs: number
  /** A source that delivers at least this is slow, not stalled. */
  readonly crawlBytesPerSecond: number
  /** First time aside after a stall; doubles up to the ceiling. */
  readonly asideMs: number
  readonly asideCeilingMs: number
  /** Sources that may be asked for one of the last chunks at the same time. */
  readonly endgameCopies: number
  /** With this much under way, a source that seeds to several is asked only for what nobody else holds. */
  readonly busyBytes: number
  /** With nothing under way for so long, a seed's decline is overruled. */
  readonly forceAfterMs: number
}

/**
 * A window of 20 ms is 8 MiB at 400 MB/s, as fast as one process takes chunks; on a long way twice the latency counts
 * instead (100 MB/s over 40 ms: 8 MiB). The transfer's 24 MiB leave half of the store's default pool to others.
 *
 * A queue of half a second and ten seconds of declining go together: a chunk that was handed to one member must be able to arrive
 * there before the holder hands it to another. With 2 s each, sixteen members on links of 100 Mbit/s took 1.7 times the fluid
 * limit in simulation and the holder sent the blob 1.7 times; with these, 1.2 times and once.
 */
export const SCHEDULER_LIMITS: SchedulerLimits = {
  transferBytes: 24 * MiB,
  queueMs: 500,
  startWindowBytes: 1 * MiB,
  windowBytes: 8 * MiB,
  windowMs: 20,
  patience: 4,
  deadlineFloorMs: 5_000,
  deadlineCeilingMs: 60_000,
  firstDeadlineMs: 10_000,
  crawlBytesPerSecond: 16 * 1024,
  asideMs: 1_000,
  asideCeilingMs: 60_000,
  endgameCopies: 2,
  busyBytes: 4 * MiB,
  forceAfterMs: 300,
}

/** Knobs of the exchange around the scheduler. */
export interface ExchangeLimits {
  readonly scheduler: SchedulerLimits
  /** Sources of one transfer. */
  readonly maxSources: number
  /** Members asked with WHO for one want, each time. */
  readonly maxAsked: number
  readonly whoEveryMs: number
  readonly whoDeadlineMs: number
  readonly manifestDeadlineMs: number
  /** An asking stream without use is closed after this. */
  readonly idleStreamMs: number
  readonly tickMs: number
  readonly progressEveryMs: number
  readonly stallMs: number
  /** Read and not yet taken by the network, for all askers and for one. */
  readonly uploadBytes: number
  readonly uploadBytesPerPeer: number
  /** An asker that takes no piece within this is dropped. */
  readonly uploadStuckMs: number
  readonly maxSubscriptions: number
  readonly maxGets: number
  readonly maxAskedBytes: number
  readonly declineMs: number
  readonly provideEveryMs: number
}

export const EXCHANGE_LIMITS: ExchangeLimits = {
  scheduler: SCHEDULER_LIMITS,
  maxSources: 48,
  maxAsked: 64,
  whoEveryMs: 5_000,
  whoDeadlineMs: 10_000,
  manifestDeadlineMs: 15_000,
  idleStreamMs: 30_000,
  tickMs: 100,
  progressEveryMs: 200,
  stallMs: 30_000,
  uploadBytes: 16 * MiB,
  uploadBytesPerPeer: 3 * MiB,
  uploadStuckMs: 30_000,
  maxSubscriptions: 64,
  maxGets: 256,
  maxAskedBytes: 64 * MiB,
  declineMs: 10_000,
  provideEveryMs: 50,
}
