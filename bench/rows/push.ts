import { open, rm, writeFile } from 'node:fs/promises'
import { run } from '../harness/command.ts'
import { writeRandomFile } from '../harness/content.ts'
import { startLab } from '../harness/lab.ts'
import { missing } from '../harness/requirements.ts'
import { interleaved, median } from '../harness/statistics.ts'
import { GiB, KiB, type Measurement, type Row } from '../harness/types.ts'

const BUDGET = 2
const STARTS = 5

export const push: Row = {
  name: 'push',
  summary: '`vigo swarm curator push` of a 1 GiB file to a running agent, against openssl dgst + cp + sync',
  async run(context) {
    const skipped = missing('push', { programs: ['openssl', 'cp', 'sync'] })
    if (skipped !== null) return [skipped]
    const { scope } = context
    const sizeBytes = context.size(GiB)
    const path = scope.path('push.bin')
    await writeRandomFile(path, 'push', sizeBytes)
    const lab = await startLab(context, 'source', 1)
    if (lab === null) return [{ row: 'push', skipped: 'the lab did not start' }]
    const vigo = async (...args: string[]): Promise<number> => {
      const startedAt = performance.now()
      await lab.run('envoy1', 'vigo', args)
      return performance.now() - startedAt
    }
    const passphrase = scope.path('passphrase')
    await writeFile(passphrase, 'a passphrase for measuring\n')
    await vigo('swarm', 'puddle', 'init', '--passphrase-file', passphrase)
    await vigo('swarm', 'puddle', 'unlock', '--passphrase-file', passphrase)

    let round = 0
    const ours = async (): Promise<number> => {
      const name = `push-${round++}`
      await change(path, sizeBytes, name)
      const ms = await vigo('swarm', 'curator', 'push', `${name}:1.0.0`, path, '--progress', 'none')
      await vigo('swarm', 'curator', 'rm', name)
      await vigo('swarm', 'curator', 'gc', '--older-than', '0s')
      return ms
    }
    const copy = scope.path('push.copy')
    const script = `openssl dgst -sha256 "${path}" && cp "${path}" "${copy}" && sync "${copy}"`
    const baseline = async (): Promise<number> => {
      const { ms } = await run(scope, 'sh', ['-c', script])
      await rm(copy)
      return ms
    }
    const pairs = await interleaved(context.pairs, { ours, baseline }, pair =>
      context.say(`${(pair.ours / 1000).toFixed(2)} s against ${(pair.baseline / 1000).toFixed(2)} s`),
    )
    const starts: number[] = []
    for (let i = 0; i < STARTS; i++) starts.push(await vigo('swarm', 'curator', 'push', '--help'))
    const startMs = median(starts)
    const line = (row: string, minusMs: number, notes: string[]): Measurement => {
      const ratio = median(pairs.each.map(pair => (pair.ours - minusMs) / pair.baseline))
      return {
        row,
        ours: { value: (pairs.ours - minusMs) / 1000, unit: 's' },
        baseline: { value: pairs.baseline / 1000, unit: 's' },
        ratio,
        budget: `<= ${BUDGET} x dgst + cp + sync`,
        ok: ratio <= BUDGET,
        notes,
      }
    }
    return [
      line('push, command', 0, [
        'both sides end with the bytes synced to the disk, and read the file from the page cache',
      ]),
      line('push, without start', startMs, [`the command takes ${startMs.toFixed(0)} ms to start`]),
    ]
  },
}

/** Makes every piece of the file new, so that nothing of an earlier push is found again. */
async function change(path: string, sizeBytes: number, mark: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    for (let at = 0; at < sizeBytes; at += 64 * KiB) await file.write(mark, at)
    await file.sync()
  } finally {
    await file.close()
  }
}
