/** A fleet in which every host wants one blob, and how its network behaves. Times in virtual milliseconds. */
export interface FleetOptions {
  readonly seed: number
  readonly hosts: number
  /** Hosts besides that hold the blob from the start. */
  readonly origins: number
  readonly blobBytes: number
  /** Every chunk but the last is this long. Default 4 MiB, longer than any of the format: a shorter run, and more to wait for at each hop. */
  readonly chunkBytes?: number
  /** Of each host, each way. */
  readonly bytesPerSecond: number
  /** Overrides that for some hosts. */
  readonly hostBytesPerSecond?: (host: number) => number
  /** One way. Default 0.5 ms. */
  readonly latencyMs?: number
  /** From the last byte's arrival until the chunk can be served. Default 4 ms. */
  readonly verifyMs?: number
  /** Members each host is connected with at the start. Default 24. */
  readonly neighbours?: number
  /** A host that still pulls exchanges one neighbour this often. Default 1,000 ms. */
  readonly rewireEveryMs?: number
  /** Hosts start within this time. Default 50 ms. */
  readonly startWithinMs?: number
  /** Hosts that answer with wrong bytes. */
  readonly liars?: readonly number[]
  readonly churn?: readonly { host: number; leaveMs: number; returnMs: number }[]
  /** From when until when hosts with another answer of `side` do not reach each other; what was under way is lost silently. */
  readonly partitions?: readonly { fromMs: number; untilMs: number; side: (host: number) => number }[]
  /** Virtual time after which the simulation gives up. Default 10 minutes. */
  readonly giveUpMs?: number
}

export interface FleetReport {
  readonly seed: number
  /** Time from each host's start until it had the blob; null if it never did. Liars and origins are left out. */
  readonly durationsMs: readonly (number | null)[]
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
  /** Blob size over link rate: nobody can be faster. */
  readonly boundMs: number
  readonly incomplete: readonly number[]
  readonly chunksWrittenTwice: number
  /** Arrived for a chunk that was held already (the price of the endgame). */
  readonly wastedBytes: number
  readonly originBytes: number
  readonly requests: number
  readonly declines: number
  readonly stalls: number
  readonly bans: number
}
