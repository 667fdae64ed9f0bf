import { open, rm, writeFile } from 'node:fs/promises'
import { formatSize } from '#node/kit'
import { randomBytesOf, writeRandomFile } from '../harness/content.ts'
import { packageRepository } from '../harness/repository.ts'
import type { Measurement, Row, RowContext } from '../harness/types.ts'
import { KiB, MiB } from '../harness/types.ts'
import { Fleet } from '../peer/fleet.ts'

const BUDGET = 2
const IMAGE_RUNS = [1, 4]
/** Where a chunk happens to end decides much; one change alone says little. */
const CHANGES = 5

export const delta: Row = {
  name: 'delta',
  summary:
    'version 2 of a 256 MiB image and of a 200-package repository, 1 % changed: bytes fetched against bytes changed',
  async run(context) {
    const fleet = await Fleet.start(context, 2)
    const sizeBytes = context.size(256 * MiB)
    const lines: Measurement[] = []
    for (const runs of IMAGE_RUNS) {
      lines.push(
        await measure(context, fleet, `delta, image, ${runs} run${runs > 1 ? 's' : ''}`, image(sizeBytes, runs)),
      )
    }
    lines.push(await measure(context, fleet, 'delta, repository', repository()))
    return lines
  },
}

interface Versions {
  write(path: string, change: number | null): Promise<{ sizeBytes: number; changedBytes: number }>
}

/** Version 1, then several versions 2 of it, each of which the puller gets while it has version 1 only. */
async function measure(context: RowContext, fleet: Fleet, row: string, versions: Versions): Promise<Measurement> {
  const [puller] = fleet.others
  const path = context.scope.path('version')
  const pulled = context.scope.path('version.pulled')
  const { sizeBytes } = await versions.write(path, null)
  const first = await fleet.origin.call('ingest', { path, sizeBytes })
  await puller!.call('pull', { blob: first.blob, path: context.scope.path(`${row}.first`) })
  let fetched = 0
  let changed = 0
  for (let change = 0; change < CHANGES; change++) {
    const version = await versions.write(path, change)
    const { blob } = await fleet.origin.call('ingest', { path, sizeBytes: version.sizeBytes })
    const { report } = await puller!.call('pull', { blob, path: pulled })
    await puller!.call('forget', { sha: blob.sha, path: pulled })
    context.say(`${formatSize(report.bytesFetched)} for ${formatSize(version.changedBytes)}`)
    fetched += report.bytesFetched
    changed += version.changedBytes
  }
  await rm(path)
  const ratio = fetched / changed
  return {
    row,
    ours: { value: fetched / CHANGES, unit: 'bytes' },
    baseline: { value: changed / CHANGES, unit: 'bytes' },
    ratio,
    budget: `<= ${BUDGET} x changed`,
    ok: ratio <= BUDGET,
    notes: [`mean of ${CHANGES} different changes of ${formatSize(sizeBytes)} in ${first.chunkCount} chunks`],
  }
}

/** Random bytes, of which one per cent is overwritten in runs of equal length at places that do not touch. */
function image(sizeBytes: number, runs: number): Versions {
  const seed = `image ${runs}`
  const run = Math.floor(sizeBytes / 100 / runs / (4 * KiB)) * 4 * KiB
  return {
    async write(path, change) {
      await writeRandomFile(path, seed, sizeBytes)
      if (change === null) return { sizeBytes, changedBytes: 0 }
      const file = await open(path, 'r+')
      try {
        for (let i = 0; i < runs; i++) {
          const at = Math.floor(((i + (change + 1) / (CHANGES + 2)) * sizeBytes) / runs)
          await file.write(randomBytesOf(`${seed} ${change} ${i}`, run), 0, run, at)
        }
      } finally {
        await file.close()
      }
      return { sizeBytes, changedBytes: run * runs }
    },
  }
}

function repository(): Versions {
  const packages = 200
  const first = packageRepository({ packages, newer: [] })
  const known = new Map(first.members.map(member => [member.name, member.sha]))
  return {
    async write(path, change) {
      const newer = change === null ? [] : [change * 31 + 7, change * 17 + 101]
      const { tar, members } = packageRepository({ packages, newer })
      await writeFile(path, tar)
      const changed = members.filter(member => known.get(member.name) !== member.sha)
      return { sizeBytes: tar.byteLength, changedBytes: changed.reduce((sum, member) => sum + member.sizeBytes, 0) }
    },
  }
}
