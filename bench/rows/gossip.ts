import { setTimeout as sleep } from 'node:timers/promises'
import { toHex } from '#node/kit'
import { newSeed } from '#swarm/record'
import { median, percentile } from '../harness/statistics.ts'
import type { Row } from '../harness/types.ts'
import { cpuOf } from '../peer/cpu.ts'
import { Fleet } from '../peer/fleet.ts'

const NODES = 32
const ENTRIES = 1_000
const PER_SECOND = 100
const BUDGET_S = 1
/** Until meshes have formed and the introductions of the start are over. */
const SETTLE_MS = 15_000
const REST_MS = 5_000
const ARRIVE_WITHIN_MS = 120_000

export const gossip: Row = {
  name: 'gossip',
  summary:
    '32 nodes, 1,000 new entries at 100/s from all of them in turn: from publication until the last node shows it',
  async run(context) {
    const fleet = await Fleet.start(context, NODES)
    await Promise.all(fleet.peers.map(peer => peer.call('watchCatalog')))
    await sleep(SETTLE_MS)
    const restBefore = await cpuOf(fleet)
    await sleep(REST_MS)
    const rest = ((await cpuOf(fleet)) - restBefore) / (REST_MS / 1000)
    const seed = toHex(newSeed())
    const records = await fleet.origin.call('signEntries', { prefix: 'entry', count: ENTRIES, seed })
    const everyMs = 1000 / PER_SECOND
    const firstAtMs = Number(process.hrtime.bigint()) / 1e6 + 1_000
    const cpuBefore = await cpuOf(fleet)
    const begun = await Promise.all(
      fleet.peers.map((peer, i) =>
        peer.call('publishEntries', {
          records: records.filter((_, entry) => entry % NODES === i),
          firstAtMs: firstAtMs + i * everyMs,
          everyMs: NODES * everyMs,
        }),
      ),
    )
    const deadline = performance.now() + ARRIVE_WITHIN_MS
    for (;;) {
      const counts = await Promise.all(fleet.peers.map(peer => peer.call('visibleCount')))
      if (counts.every(count => count >= ENTRIES)) break
      if (performance.now() > deadline) throw new Error(`entries are missing: nodes show ${counts.join(', ')}`)
      await sleep(200)
    }
    const cpu = (await cpuOf(fleet)) - cpuBefore
    const visible = await Promise.all(fleet.peers.map(async peer => new Map(await peer.call('visibleEntries'))))
    const delays = begun
      .flat()
      .map(([name, atMs]) => Math.max(...visible.map(entries => entries.get(name) ?? Number.POSITIVE_INFINITY)) - atMs)
    const p99 = percentile(delays, 0.99) / 1000
    return [
      {
        row: 'gossip, p99',
        ours: { value: p99, unit: 's' },
        baseline: null,
        ratio: null,
        budget: `<= ${BUDGET_S} s`,
        ok: p99 <= BUDGET_S,
        notes: [
          `median ${median(delays).toFixed(0)} ms, worst ${Math.max(...delays).toFixed(0)} ms; each node is a process, and all together used ${cpu.toFixed(1)} s of CPU until every entry was everywhere, and ${rest.toFixed(2)} cores at rest before`,
        ],
      },
    ]
  },
}
