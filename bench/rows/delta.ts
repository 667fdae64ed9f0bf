import { writeFile } from 'node:fs/promises'
import { formatSize } from '#node/kit'
import { randomBytesOf, writeRandomFile } from '../harness/content.ts'
import { packageRepository } from '../harness/repository.ts'
import type { Measurement, Row, RowContext } from '../harness/types.ts'
import { KiB, MiB } from '../harness/types.ts'
import { Fleet } from '../peer/fleet.ts'

const BUDGET = 2
const IMAGE_PLACES = [1, 4]

export const delta: Row = {
  name: 'delta',
  summary:
    'version 2 of a 256 MiB image and of a 200-package repository, 1 % changed: bytes fetched against bytes changed',
  async run(context) {
    const fleet = await Fleet.start(context, 2)
    const image = context.size(256 * MiB)
    const lines: Measurement[] = []
    for (const places of IMAGE_PLACES) {
      const versions = await imageVersions(context, image, places)
      const runs = places === 1 ? '1 run' : `${places} runs`
      const length = `each run has ${formatSize(versions.changedBytes / places)}`
      lines.push(await measure(context, fleet, `delta, image, ${runs}`, versions, [length]))
    }
    lines.push(await measure(context, fleet, 'delta, repository', await repositoryVersions(context), []))
    return lines
  },
}

interface Versions {
  readonly before: { readonly path: string; readonly sizeBytes: number }
  readonly after: { readonly path: string; readonly sizeBytes: number }
  readonly changedBytes: number
}

async function measure(
  context: RowContext,
  fleet: Fleet,
  row: string,
  versions: Versions,
  notes: readonly string[],
): Promise<Measurement> {
  const [puller] = fleet.others
  const first = await fleet.origin.call('ingest', versions.before)
  await puller!.call('pull', { blob: first.blob, path: context.scope.path(`${row} 1`) })
  const second = await fleet.origin.call('ingest', versions.after)
  const { ms, report } = await puller!.call('pull', { blob: second.blob, path: context.scope.path(`${row} 2`) })
  const { changedBytes } = versions
  const ratio = report.bytesFetched / changedBytes
  return {
    row,
    ours: { value: report.bytesFetched, unit: 'bytes' },
    baseline: { value: changedBytes, unit: 'bytes' },
    ratio,
    budget: `<= ${BUDGET} x changed`,
    ok: ratio <= BUDGET,
    notes: [
      ...notes,
      `${formatSize(versions.after.sizeBytes)} in ${second.chunkCount} chunks; the pull took ${(ms / 1000).toFixed(2)} s`,
    ],
  }
}

/** Random bytes, of which one per cent is overwritten in runs of equal length at places that do not touch. */
async function imageVersions(context: RowContext, sizeBytes: number, places: number): Promise<Versions> {
  const before = { path: context.scope.path('image-1'), sizeBytes }
  const after = { path: context.scope.path('image-2'), sizeBytes }
  await writeRandomFile(before.path, `image ${places}`, sizeBytes)
  const bytes = Buffer.from(randomBytesOf(`image ${places}`, sizeBytes))
  const run = Math.floor(sizeBytes / 100 / places / (4 * KiB)) * 4 * KiB
  for (let place = 0; place < places; place++) {
    bytes.set(randomBytesOf(`changed ${places} ${place}`, run), Math.floor(((place + 0.4) * sizeBytes) / places))
  }
  await writeFile(after.path, bytes, { flush: true })
  return { before, after, changedBytes: run * places }
}

async function repositoryVersions(context: RowContext): Promise<Versions> {
  const first = packageRepository({ packages: 200, newer: [] })
  const second = packageRepository({ packages: 200, newer: [57, 142] })
  const paths = [context.scope.path('repository-1.tar'), context.scope.path('repository-2.tar')] as const
  await writeFile(paths[0], first.tar, { flush: true })
  await writeFile(paths[1], second.tar, { flush: true })
  const known = new Map(first.members.map(member => [member.name, member.sha]))
  const changed = second.members.filter(member => known.get(member.name) !== member.sha)
  return {
    before: { path: paths[0], sizeBytes: first.tar.byteLength },
    after: { path: paths[1], sizeBytes: second.tar.byteLength },
    changedBytes: changed.reduce((sum, member) => sum + member.sizeBytes, 0),
  }
}
