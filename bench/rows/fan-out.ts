import { interleaved, median } from '../harness/statistics.ts'
import { MiB, type Row } from '../harness/types.ts'
import { holderAndPullers, pullOnce } from './pull.ts'

const PULLERS = 8
const ORIGIN_BUDGET = 1.25
const WALL_BUDGET = 0.6

export const fanOut: Row = {
  name: 'fan-out',
  summary:
    '256 MiB from one holder to eight pullers that start together, against eight single pulls one after the other',
  async run(context) {
    const sizeBytes = context.size(256 * MiB)
    const { fleet, blob } = await holderAndPullers(context, { sizeBytes, pullers: PULLERS, seed: 'fan-out' })
    const { origin, others } = fleet
    const left: number[] = []
    const together = async (): Promise<number> => {
      const before = await origin.call('bytesWritten')
      const startedAt = performance.now()
      const path = (peerId: string): string => context.scope.path(`pulled-${peerId}`)
      await Promise.all(others.map(peer => peer.call('pull', { blob, path: path(peer.peerId) })))
      const ms = performance.now() - startedAt
      left.push((await origin.call('bytesWritten')) - before)
      await Promise.all(others.map(peer => peer.call('forget', { sha: blob.sha, path: path(peer.peerId) })))
      return ms
    }
    const inSequence = async (): Promise<number> => {
      let sum = 0
      for (const peer of others) sum += await pullOnce(context, peer, blob)
      return sum
    }
    const pairs = await interleaved(context.pairs, { ours: together, baseline: inSequence }, pair =>
      context.say(
        `${(pair.ours / 1000).toFixed(2)} s against ${(pair.baseline / 1000).toFixed(2)} s, origin sent ${((left.at(-1) ?? 0) / sizeBytes).toFixed(2)} x`,
      ),
    )
    const originBytes = median(left.slice(1))
    return [
      {
        row: 'fan-out, origin',
        ours: { value: originBytes, unit: 'bytes' },
        baseline: { value: sizeBytes, unit: 'bytes' },
        ratio: originBytes / sizeBytes,
        budget: `<= ${ORIGIN_BUDGET} x blob`,
        ok: originBytes <= ORIGIN_BUDGET * sizeBytes,
        notes: ['all bytes that the origin process wrote, TLS and every protocol included, counted by the kernel'],
      },
      {
        row: 'fan-out, wall',
        ours: { value: pairs.ours / 1000, unit: 's' },
        baseline: { value: pairs.baseline / 1000, unit: 's' },
        ratio: pairs.ratio,
        budget: `<= ${WALL_BUDGET} x 8 single pulls`,
        ok: pairs.ratio <= WALL_BUDGET,
        notes: [],
      },
    ]
  },
}
