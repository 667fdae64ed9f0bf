import { setTimeout as sleep } from 'node:timers/promises'
import { SimulatedFleet } from '../fleet/simulated-fleet.ts'
import { median } from '../harness/statistics.ts'
import { KiB, type Line, type Row } from '../harness/types.ts'

const ENVOYS = 1_000
const INTERVAL_MS = 1_000
const WARM_UP_MS = 3_000
const ROUND_MS = 10_000
const SETTLE_MS = 10_000
/** Published for the original: 0.80 ms of CPU for each check-in, 623 KB of live heap for each envoy that holds a stream. */
const PUBLISHED_CPU_SECONDS = 0.0008
const PUBLISHED_BYTES = 623_000
const BUDGET_CPU_SECONDS = 0.0001
const BUDGET_BYTES = 200_000

export const checkIn: Row = {
  name: 'check-in',
  summary:
    'CPU time of a server for a check-in without news, while 1,000 envoys are connected over TLS and check in each second; its memory for each of them',
  async run(context): Promise<Line[]> {
    const size = { envoys: ENVOYS, processes: 1, crates: 100, intervalMs: INTERVAL_MS }
    const { fleet, connect } = await SimulatedFleet.start(context, size)
    const empty = await fleet.server.call('usage')
    await connect()
    await sleep(SETTLE_MS)
    const full = await fleet.server.call('usage')
    const resident = (full.residentBytes - empty.residentBytes) / ENVOYS
    const live = (full.heapBytes + full.outsideBytes - empty.heapBytes - empty.outsideBytes) / ENVOYS
    context.say(`${(resident / KiB).toFixed(0)} KiB resident for each envoy, ${(live / KiB).toFixed(0)} KiB of it live`)

    const costs: number[] = []
    let worst = 0
    // In the first one V8 still compiles; it is not counted.
    for (let round = 0; round <= context.pairs; round++) {
      await fleet.startLoops(INTERVAL_MS)
      await sleep(WARM_UP_MS)
      const before = await fleet.server.call('cpuSeconds')
      const startedAt = performance.now()
      await sleep(ROUND_MS)
      const cpu = (await fleet.server.call('cpuSeconds')) - before
      const seconds = (performance.now() - startedAt) / 1000
      const { count, p99Ms } = await fleet.stopLoops()
      const perSecond = count / (seconds + WARM_UP_MS / 1000)
      worst = Math.max(worst, p99Ms)
      const cost = cpu / (perSecond * seconds)
      context.say(`${(cost * 1e6).toFixed(0)} µs at ${perSecond.toFixed(0)} check-ins/s`)
      if (round > 0) costs.push(cost)
    }
    await fleet.end()
    const cost = median(costs)
    return [
      {
        row: 'check-in',
        ours: { value: cost, unit: 's' },
        baseline: { value: PUBLISHED_CPU_SECONDS, unit: 's' },
        ratio: cost / PUBLISHED_CPU_SECONDS,
        budget: '<= 0.10 ms',
        ok: cost <= BUDGET_CPU_SECONDS,
        notes: [
          `all CPU time of the process, TLS and idle connections included; the baseline is published for the original; slowest p99 of an answer ${worst.toFixed(0)} ms`,
        ],
      },
      memoryLine('check-in: live memory', live, PUBLISHED_BYTES, [
        'heap and buffers after a collection, for each connected envoy; compiled bundles included; the baseline is published for the original',
      ]),
      memoryLine('check-in: resident memory', resident, null, ['growth of the resident set for each connected envoy']),
    ]
  },
}

function memoryLine(row: string, bytes: number, published: number | null, notes: readonly string[]): Line {
  return {
    row,
    ours: { value: bytes, unit: 'bytes' },
    baseline: published === null ? null : { value: published, unit: 'bytes' },
    ratio: published === null ? null : bytes / published,
    budget: '<= 200 KB',
    ok: bytes <= BUDGET_BYTES,
    notes,
  }
}
