import { fileURLToPath } from 'node:url'
import type { FleetOptions, FleetReport } from '#swarm/sim'
import { run } from '../harness/command.ts'
import type { Line, Row } from '../harness/types.ts'

const PROGRAM = fileURLToPath(new URL('../peer/simulate.ts', import.meta.url))

const HOSTS = 2_600
const BLOB_BYTES = 3e9
const BYTES_PER_SECOND = 300e6
const SEED = 1
const BUDGETS = [
  { name: 'p50', published: 10, seconds: 10 },
  { name: 'p99', published: 18, seconds: 14 },
  { name: 'p99.9', published: 22, seconds: 18 },
] as const

export const simulatedFleet: Row = {
  name: 'simulated-fleet',
  summary: '3 GB to 2,600 hosts at 300 MB/s each way, in virtual time with the production scheduler',
  async run(context) {
    const blobBytes = context.size(BLOB_BYTES)
    const fleet: FleetOptions = { seed: SEED, hosts: HOSTS, origins: 1, blobBytes, bytesPerSecond: BYTES_PER_SECOND }
    const args = ['--disable-warning=ExperimentalWarning', PROGRAM, JSON.stringify(fleet)]
    const { ms, stdout } = await run(context.scope, process.execPath, args)
    const report: FleetReport = JSON.parse(stdout)
    context.say(`simulated in ${(ms / 1000).toFixed(0)} s, seed ${SEED}`)
    const seconds = [report.p50Ms, report.p99Ms, report.p999Ms].map(ms => ms / 1000)
    return BUDGETS.map(({ name, published, seconds: budget }, i): Line => {
      const value = seconds[i] ?? Number.NaN
      return {
        row: `simulated-fleet, ${name}`,
        ours: { value, unit: 's' },
        baseline: { value: published, unit: 's' },
        ratio: value / published,
        budget: `<= ${budget} s`,
        ok: value <= budget && report.incomplete.length === 0,
        notes:
          i === 0
            ? [
                `seed ${SEED}; no host can be faster than blob over link rate, ${(report.boundMs / 1000).toFixed(2)} s; the baseline is what another system has published`,
                `the origin sent ${(report.originBytes / blobBytes).toFixed(2)} x the blob; ${report.stalls} stalls, ${report.declines} declines`,
              ]
            : [],
      }
    })
  },
}
