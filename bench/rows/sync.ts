import { toHex } from '#node/kit'
import { newSeed } from '#swarm/record'
import { median } from '../harness/statistics.ts'
import type { Row } from '../harness/types.ts'
import { Fleet } from '../peer/fleet.ts'

const ENTRIES = 10_000
const BUDGET_S = 3

export const sync: Row = {
  name: 'sync',
  summary:
    'a cold node takes a catalog of 10,000 entries from one neighbour: from dialling until all are verified and stored',
  async run(context) {
    const rounds = context.pairs
    const fleet = await Fleet.start(context, 1 + rounds, { connect: false })
    const { address, peerId } = fleet.origin
    await fleet.origin.call('fillCatalog', { prefix: 'entry', count: ENTRIES, seed: toHex(newSeed()) })
    const times: number[] = []
    for (const cold of fleet.others) {
      const { ms, artifacts } = await cold.call('syncWith', { address, peerId })
      if (artifacts !== ENTRIES) throw new Error(`the cold node shows ${artifacts} of ${ENTRIES} entries`)
      context.say(`${(ms / 1000).toFixed(2)} s`)
      times.push(ms)
      await cold.end()
    }
    const seconds = median(times) / 1000
    return [
      {
        row: 'sync',
        ours: { value: seconds, unit: 's' },
        baseline: null,
        ratio: null,
        budget: `<= ${BUDGET_S} s`,
        ok: seconds <= BUDGET_S,
        notes: [`${(ENTRIES / seconds).toFixed(0)} entries/s; every node is a process that has never synced before`],
      },
    ]
  },
}
