import { writeRandomFile } from '../harness/content.ts'
import { shapedSites } from '../harness/namespaces.ts'
import { missing } from '../harness/requirements.ts'
import { median } from '../harness/statistics.ts'
import { type Line, MiB, type Row, type RowContext } from '../harness/types.ts'
import { cpuOf } from '../peer/cpu.ts'
import { Fleet } from '../peer/fleet.ts'

const BYTES_PER_SECOND = 12_500_000
const BUDGET = 1.3

export const shapedFanOut = shaped('shaped-fan-out', 16)

/** As many as two cores carry at this rate. */
export const shapedFanOutOfSix = shaped('shaped-fan-out-6', 6)

function shaped(name: string, nodes: number): Row {
  return {
    name,
    summary: `128 MiB from one of ${nodes} nodes to the others, each behind a link of 100 Mbit/s, against the fluid limit`,
    run: context => fanOut(context, name, nodes),
  }
}

async function fanOut(context: RowContext, name: string, nodes: number): Promise<Line[]> {
  const skipped = missing(name, { programs: ['ip', 'tc'], root: true })
  if (skipped !== null) return [skipped]
  const sizeBytes = context.size(128 * MiB)
  const sites = await shapedSites(context.scope, nodes, BYTES_PER_SECOND)
  const places = sites.map(({ ip, prefix }) => ({ listen: `/ip4/${ip}/tcp/4001`, prefix }))
  const fleet = await Fleet.start(context, nodes, { places })
  const path = context.scope.path('shaped.bin')
  await writeRandomFile(path, 'shaped', sizeBytes)
  const { blob } = await fleet.origin.call('ingest', { path, sizeBytes })
  const limitMs = (sizeBytes / BYTES_PER_SECOND) * 1000
  const walls: number[] = []
  const lefts: number[] = []
  const cores: number[] = []
  for (let round = 0; round <= context.pairs; round++) {
    const before = await fleet.origin.call('bytesWritten')
    const cpuBefore = await cpuOf(fleet)
    const startedAt = performance.now()
    const target = (peerId: string): string => context.scope.path(`pulled-${peerId}`)
    await Promise.all(fleet.others.map(peer => peer.call('pull', { blob, path: target(peer.peerId) })))
    const ms = performance.now() - startedAt
    const cpu = (await cpuOf(fleet)) - cpuBefore
    const left = (await fleet.origin.call('bytesWritten')) - before
    context.say(
      `${(ms / 1000).toFixed(2)} s against ${(limitMs / 1000).toFixed(2)} s, origin sent ${(left / sizeBytes).toFixed(2)} x`,
    )
    await Promise.all(fleet.others.map(peer => peer.call('forget', { sha: blob.sha, path: target(peer.peerId) })))
    if (round === 0) continue
    walls.push(ms)
    lefts.push(left / sizeBytes)
    cores.push((1000 * cpu) / ms)
  }
  const wallMs = median(walls)
  return [
    {
      row: name,
      ours: { value: wallMs / 1000, unit: 's' },
      baseline: { value: limitMs / 1000, unit: 's' },
      ratio: wallMs / limitMs,
      budget: `<= ${BUDGET} x B/u`,
      ok: wallMs <= BUDGET * limitMs,
      notes: [
        `until the last of the ${nodes - 1} has it; B/u counts payload only, the links also carry TLS, TCP and Ethernet headers; the origin sent ${median(lefts).toFixed(2)} x the blob; all nodes together had ${median(cores).toFixed(2)} cores`,
      ],
    },
  ]
}
