import { interleaved } from '../harness/statistics.ts'
import { GiB, type Row } from '../harness/types.ts'
import { Fleet } from '../peer/fleet.ts'
import { holderAndPullers, pullOnce } from './pull.ts'

const HOLDERS = 4

export const pullMany: Row = {
  name: 'pull-many',
  summary: '1 GiB from four holders that have half of it each, against one holder that has all',
  async run(context) {
    const sizeBytes = context.size(GiB)
    const single = await holderAndPullers(context, { sizeBytes, pullers: 1, seed: 'pull-many' })
    const [singlePuller] = single.fleet.others
    const many = await Fleet.start(context, 1 + HOLDERS)
    const { path, manifest, blob } = single
    for (const [i, holder] of many.others.entries()) {
      await holder.call('hold', { manifest, path, parts: [i, (i + 1) % HOLDERS], of: HOLDERS })
    }
    const pairs = await interleaved(
      context.pairs,
      {
        ours: () => pullOnce(context, many.origin, blob),
        baseline: () => pullOnce(context, singlePuller!, blob),
      },
      pair => context.say(`${(pair.ours / 1000).toFixed(2)} s against ${(pair.baseline / 1000).toFixed(2)} s`),
    )
    return [
      {
        row: 'pull-many',
        ours: { value: pairs.ours / 1000, unit: 's' },
        baseline: { value: pairs.baseline / 1000, unit: 's' },
        ratio: pairs.ratio,
        budget: '<= 1.0 x pull-1',
        ok: pairs.ratio <= 1,
        notes: [`${(sizeBytes / 1e3 / pairs.ours).toFixed(0)} MB/s; each chunk is with two of the four holders`],
      },
    ]
  },
}
