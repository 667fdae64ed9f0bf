import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '#cli/lab'
import { ApiClient, agentRoutes, curatorRoutes } from '#node/api'
import { layout, toHex } from '#node/kit'
import { KeyInHand } from '#swarm/puddle/session'
import { newSeed } from '#swarm/record'
import { randomBlocks } from '../harness/content.ts'
import { allowUploads, peakDuring, residentBytes, startLab } from '../harness/lab.ts'
import { NO_BUILD, type Program } from '../harness/programs.ts'
import { median } from '../harness/statistics.ts'
import { GiB, type Line, MiB, type Row, type RowContext } from '../harness/types.ts'

const IDLE_BUDGET_BYTES = 120_000_000
const GROWTH_BUDGET_BYTES = 64_000_000
const IDLE_MS = 20_000
const SAMPLES = 10
const PLATFORM = { os: 'linux', arch: 'amd64' }

export const memory: Row = {
  name: 'memory',
  summary:
    'resident set of an idle envoy in a lab, and its growth while it pulls 4 GiB; from source and from the build',
  async run(context) {
    return [...(await measure(context, 'source')), ...(await measure(context, 'build'))]
  },
}

async function measure(context: RowContext, program: Program): Promise<Line[]> {
  const lab = await startLab(context, program, 2)
  if (lab === null) return [{ row: `memory (${program})`, skipped: NO_BUILD }]
  const sizeBytes = context.size(4 * GiB)
  await allowUploads(lab, 'envoy1', sizeBytes)
  const { pid } = await lab.memberStatus('envoy2')
  await sleep(IDLE_MS)
  const samples: number[] = []
  for (let i = 0; i < SAMPLES; i++) {
    samples.push(await residentBytes(pid))
    await sleep(500)
  }
  const idle = median(samples)
  context.say(`${program}: idle ${(idle / MiB).toFixed(1)} MiB`)
  const puddle = await publish(lab, sizeBytes)
  await arrived(lab, 'envoy2', puddle)
  const before = await residentBytes(pid)
  const startedAt = performance.now()
  const peak = await peakDuring(pid, pull(lab, 'envoy2', puddle))
  const seconds = (performance.now() - startedAt) / 1000
  const growth = peak - before
  context.say(`${program}: grew by ${(growth / MiB).toFixed(1)} MiB in ${seconds.toFixed(1)} s`)
  await lab.down({ purge: true })
  return [
    {
      row: `memory, idle (${program})`,
      ours: { value: idle, unit: 'bytes' },
      baseline: null,
      ratio: null,
      budget: '<= 120 MB',
      ok: idle <= IDLE_BUDGET_BYTES,
      notes: [],
    },
    {
      row: `memory, growth (${program})`,
      ours: { value: growth, unit: 'bytes' },
      baseline: null,
      ratio: null,
      budget: '<= 64 MB',
      ok: growth <= GROWTH_BUDGET_BYTES,
      notes: [`from ${(before / MiB).toFixed(0)} MiB before the pull, which took ${seconds.toFixed(1)} s`],
    },
  ]
}

/** Uploads random bytes to envoy1 and publishes them as `big`, the way the command does it. */
async function publish(lab: Lab, sizeBytes: number): Promise<string> {
  const client = clientOf(lab, 'envoy1')
  try {
    const stream = Readable.from(randomBlocks('memory', sizeBytes), { objectMode: true })
    const blob = await client.call(curatorRoutes.upload, {}, { upload: { stream, sizeBytes } })
    const key = new KeyInHand(newSeed())
    const named = { ...PLATFORM, blobSha: blob.sha, sizeBytes, chunks: blob.chunks }
    const change = { type: 'push' as const, kind: null, version: '1.0.0', blob: named, tags: ['latest'], target: null }
    const { body, fleet } = await client.call(curatorRoutes.draft, { name: 'big', puddle: key.publicKey, change })
    const signature = toHex(await key.sign('catalog-entry', fleet, body))
    await client.call(agentRoutes.submit, { kind: 'catalog-entry', body, signature })
    return key.publicKey
  } finally {
    client.close()
  }
}

async function arrived(lab: Lab, name: string, puddle: string): Promise<void> {
  const client = clientOf(lab, name)
  try {
    while ((await client.call(curatorRoutes.artifacts, {})).artifacts.every(({ founder }) => founder !== puddle)) {
      await sleep(100)
    }
  } finally {
    client.close()
  }
}

async function pull(lab: Lab, name: string, puddle: string): Promise<void> {
  const client = clientOf(lab, name)
  try {
    await client.call(curatorRoutes.pull, { reference: `${puddle}/big:1.0.0`, platform: PLATFORM, puddle: null })
  } finally {
    client.close()
  }
}

function clientOf(lab: Lab, name: string): ApiClient {
  return new ApiClient(layout(lab.node(name).root).socket('curator'), name)
}
