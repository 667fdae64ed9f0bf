import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { run } from '../harness/command.ts'
import { cpuSecondsOf } from '../harness/cpu.ts'
import { serveWithNginx } from '../harness/nginx.ts'
import { missing } from '../harness/requirements.ts'
import { interleaved, median } from '../harness/statistics.ts'
import { GiB, type Row } from '../harness/types.ts'
import { cpuOf } from '../peer/cpu.ts'
import { holderAndPullers, pullOnce } from './pull.ts'

export const pull1: Row = {
  name: 'pull-1',
  summary: '1 GiB from one holder to one puller, against curl over HTTPS from nginx + openssl dgst + sync',
  async run(context) {
    const skipped = missing('pull-1', { programs: ['nginx', 'curl', 'openssl', 'sync'] })
    if (skipped !== null) return [skipped]
    const { scope } = context
    const sizeBytes = context.size(GiB)
    const source = await holderAndPullers(context, { sizeBytes, pullers: 1, seed: 'pull-1' })
    const [puller] = source.fleet.others
    const nginx = await serveWithNginx(context, scope.folder)
    const url = `${nginx.url}/${basename(source.path)}`
    const copy = scope.path('curl.bin')
    const script = `curl -sfk -o "${copy}" "${url}" && openssl dgst -sha256 "${copy}" && sync "${copy}"`
    const oursCpu: number[] = []
    const theirsCpu: number[] = []
    const pairs = await interleaved(
      context.pairs,
      {
        ours: async () => {
          const before = await cpuOf(source.fleet)
          const ms = await pullOnce(context, puller!, source.blob)
          oursCpu.push((await cpuOf(source.fleet)) - before)
          return ms
        },
        baseline: async () => {
          const before = await baselineCpu(nginx.pid)
          const { ms } = await run(scope, 'sh', ['-c', script])
          theirsCpu.push((await baselineCpu(nginx.pid)) - before)
          await rm(copy)
          return ms
        },
      },
      pair => context.say(`${(pair.ours / 1000).toFixed(2)} s against ${(pair.baseline / 1000).toFixed(2)} s`),
    )
    return [
      {
        row: 'pull-1',
        ours: { value: pairs.ours / 1000, unit: 's' },
        baseline: { value: pairs.baseline / 1000, unit: 's' },
        ratio: pairs.ratio,
        budget: '<= 1.0 x curl + dgst + sync',
        ok: pairs.ratio <= 1,
        notes: [
          `${(sizeBytes / 1e3 / pairs.ours).toFixed(0)} MB/s; CPU of all processes together: ${median(oursCpu).toFixed(1)} s, baseline ${median(theirsCpu).toFixed(1)} s`,
        ],
      },
    ]
  },
}

/** Of nginx and of all commands that have ended. */
async function baselineCpu(nginx: number): Promise<number> {
  return (await cpuSecondsOf(nginx)) + (await cpuSecondsOf('children'))
}
