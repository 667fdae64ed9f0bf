import type { SimHost } from './sim-host.ts'
import type { FleetOptions, FleetReport } from './types.ts'

/** Counted while the fleet pulls. */
export interface FleetCounts {
  chunksWrittenTwice: number
  wastedBytes: number
  requests: number
  declines: number
  stalls: number
  bans: number
}

export function fleetReport(options: FleetOptions, hosts: readonly SimHost[], counts: FleetCounts): FleetReport {
  const pullers = hosts.filter(host => host.isPuller)
  const durationsMs = pullers.map(host => (host.finishedAt === null ? null : host.finishedAt - host.startedAt))
  const sorted = durationsMs.map(ms => ms ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0
  return {
    seed: options.seed,
    durationsMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    maxMs: at(1),
    boundMs: (options.blobBytes * 1000) / options.bytesPerSecond,
    incomplete: pullers.filter(host => host.finishedAt === null).map(host => host.index),
    chunksWrittenTwice: counts.chunksWrittenTwice,
    wastedBytes: counts.wastedBytes,
    originBytes: hosts.filter(host => host.origin).reduce((sum, host) => sum + host.sentBytes, 0),
    requests: counts.requests,
    declines: counts.declines,
    stalls: counts.stalls,
    bans: counts.bans,
  }
}
