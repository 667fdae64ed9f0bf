import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { Lab } from '#cli/lab'
import { layout } from '#node/kit'
import type { Program } from './programs.ts'
import type { RowContext } from './types.ts'

const BUILT_LAB = new URL('../../dist/cli/lab/index.js', import.meta.url)

/** The lab whose programs run from source, or those that `npm run build` wrote; null when there is no build. */
async function labOf(program: Program): Promise<typeof Lab | null> {
  if (program === 'source') return Lab
  const built: { Lab: typeof Lab } | null = await import(BUILT_LAB.href).catch(() => null)
  return built?.Lab ?? null
}

/** A server and some envoys that are gone when the scope closes; null without a build to run. */
export async function startLab(context: RowContext, program: Program, envoys: number): Promise<Lab | null> {
  const Kind = await labOf(program)
  if (Kind === null) return null
  const { scope } = context
  const folder = scope.path(`lab-${program}`)
  scope.defer(async () => {
    const lab = await Kind.open(folder).catch(() => null)
    await lab?.down({ purge: true })
  })
  const lab = await Kind.up(folder, { envoys })
  if (scope.isClosed) {
    await lab.down({ purge: true })
    throw new Error('the benchmark was stopped')
  }
  return lab
}

/** Restarts a node that may then publish blobs of this size. */
export async function allowUploads(lab: Lab, name: string, maxBytes: number): Promise<void> {
  const file = layout(lab.node(name).root).agentYaml
  await lab.kill(name, 'SIGTERM')
  const settings = parse(await readFile(file, 'utf8'))
  settings.swarm = { ...settings.swarm, curator: { ...settings.swarm?.curator, max_bytes: maxBytes } }
  await writeFile(file, stringify(settings))
  await lab.start(name)
  await lab.settled()
}

export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** The largest resident set while `work` runs, looked at every 20 ms. */
export async function peakDuring(pid: number, work: Promise<unknown>): Promise<number> {
  let over = false
  const done = work.finally(() => {
    over = true
  })
  done.catch(() => undefined)
  let peak = 0
  while (!over) {
    peak = Math.max(peak, await residentBytes(pid))
    await sleep(20)
  }
  await done
  return peak
}
