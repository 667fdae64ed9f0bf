import { mkdir } from 'node:fs/promises'
import type { Bundle, BundleResource } from '#config/store'
import { type Equipment, Journal, Memory, RUN_LIMITS, converge as runOnce, Secrets } from '#node/envoy/converge'
import { createMachine, executorOf } from '#node/envoy/executors'
import { mayEndAgent, refusalOf } from '#node/envoy/guardrails'
import { layout, sha256Hex, silentLogger, systemClock } from '#node/kit'
import { secondsLine } from '../harness/seconds-line.ts'
import type { Row } from '../harness/types.ts'

const RESOURCES = 200
const ROUNDS_EACH = 5

export const converge: Row = {
  name: 'converge',
  summary:
    'a run of an agent over a bundle of 200 resources (files, folders, links and lines, owner and mode checked) of which nothing has to be changed',
  async run(context) {
    const folder = context.scope.path('converge')
    await mkdir(folder)
    const resources = Array.from({ length: RESOURCES }, (_, at) => resourceAt(at))
    const order = { bundle: bundleOf(resources), mode: 'enforce' as const, offline: false }
    const equipment = await equip(folder)
    const { signal } = new AbortController()
    await runOnce(order, equipment, { signal })
    await equipment.journal.clear()
    const seconds: number[] = []
    for (let round = 0; round < context.pairs * ROUNDS_EACH; round++) {
      const { run } = await runOnce(order, equipment, { signal })
      if (run.counts.compliant !== RESOURCES) {
        throw new Error(`${run.counts.compliant} of ${RESOURCES} were compliant: ${JSON.stringify(run.results[0])}`)
      }
      await equipment.journal.clear()
      seconds.push(run.durationMs / 1000)
    }
    context.say(`${seconds.length} runs, the longest ${Math.max(...seconds).toFixed(3)} s`)
    return [secondsLine('converge', seconds, 0.5, `${RESOURCES} resources, nothing to change; no child process`)]
  },
}

async function equip(folder: string): Promise<Equipment> {
  const logger = silentLogger
  return {
    machine: createMachine({ layout: layout(folder), trait: () => undefined, artifact: async () => '', logger }),
    executorOf: type => executorOf(type),
    refusalOf: resource => refusalOf(resource),
    mayEndAgent,
    allowHost: false,
    secrets: new Secrets(new Uint8Array(32)),
    memory: await Memory.open({ folder, logger }),
    journal: new Journal({ folder, logger }),
    limits: RUN_LIMITS,
    clock: systemClock,
    logger,
  }
}

const OWNED = { owner: 'root', group: 'root' }

function resourceAt(at: number): BundleResource {
  const path = `/etc/bench/${at}`
  const [type, attributes] = [
    ['directory', { target_path: path, state: 'present', mode: '0755', recurse: false, ...OWNED }],
    ['file', { target_path: path, state: 'present', content: `value = ${at}\n`.repeat(100), mode: '0644', ...OWNED }],
    ['file', { target_path: path, state: 'present', content: `name: ${at}\n`, mode: '0600', ...OWNED }],
    ['symlink', { target_path: path, state: 'present', link_target: '/etc/bench/1', force: false }],
  ][at % 4] as [string, Record<string, string | boolean>]
  const id = `bench/${type}-${at}`
  const nothing: readonly string[] = []
  return {
    id,
    crate: 'bench',
    name: `${type}-${at}`,
    type,
    custom: false,
    attributes,
    when: '',
    dependsOn: nothing,
    notify: nothing,
    subscribes: nothing,
  }
}

function bundleOf(resources: readonly BundleResource[]): Pick<Bundle, 'release' | 'hash' | 'resources' | 'secrets'> {
  return { release: sha256Hex('release'), hash: sha256Hex(JSON.stringify(resources)), resources, secrets: [] }
}
