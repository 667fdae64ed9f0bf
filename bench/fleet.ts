import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { formatSize, messageOf, parseDuration } from '#node/kit'
import type { Latencies } from './fleet/envoys.ts'
import { SimulatedFleet } from './fleet/simulated-fleet.ts'
import { Scope } from './harness/scope.ts'

const USAGE = `node bench/fleet.ts [--envoys 1000] [--processes 1] [--interval 30s] [--duration 60s] [--crates 100] [--profile FILE]

One server, and envoys that speak the check-in protocol to it over connections of their own: they come as fast as
this machine makes them, check in for a while, and get another release. Each envoy is a libp2p host of about 600 KiB and one handshake.

  --processes N    processes that play the envoys
  --interval TIME  between two check-ins of an envoy
  --duration TIME  of the check-ins without news
  --crates N       size of the configuration: ten resources for each crate, an entry for each
  --profile FILE   CPU profile of the server while nothing is new
`

interface Scenario {
  readonly envoys: number
  readonly processes: number
  readonly intervalMs: number
  readonly durationMs: number
  readonly crates: number
  readonly profile: string | undefined
}

/** A release that reaches nobody any more is given up. */
const CONVERGE_WITHIN_MS = 300_000

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      envoys: { type: 'string', default: '1000' },
      processes: { type: 'string', default: '1' },
      interval: { type: 'string', default: '30s' },
      duration: { type: 'string', default: '60s' },
      crates: { type: 'string', default: '100' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const scope = await Scope.open()
  const stop = (): void => void scope.close()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    await play(scope, {
      envoys: atLeastOne('--envoys', values.envoys),
      processes: atLeastOne('--processes', values.processes),
      intervalMs: parseDuration(values.interval),
      durationMs: parseDuration(values.duration),
      crates: atLeastOne('--crates', values.crates),
      profile: values.profile,
    })
    return 0
  } finally {
    await scope.close()
  }
}

async function play(scope: Scope, scenario: Scenario): Promise<void> {
  const { envoys, intervalMs, durationMs, profile } = scenario
  const { fleet, connect } = await SimulatedFleet.start({ scope, profileFolder: null }, scenario)
  const empty = await fleet.server.call('usage')
  say(`the server knows ${envoys} envoys and has ${formatSize(empty.residentBytes)} resident`)

  let startedAt = performance.now()
  const first = await connect()
  const full = await fleet.server.call('usage')
  const arrival = ((full.cpuSeconds - empty.cpuSeconds) / envoys) * 1000
  say(`all came within ${since(startedAt)}, at ${arrival.toFixed(1)} ms of its CPU for each: ${shown(first)}`)
  const each = (full.residentBytes - empty.residentBytes) / envoys
  say(`the server has ${formatSize(full.residentBytes)} resident, ${formatSize(each)} for each envoy`)

  await fleet.startLoops(intervalMs)
  const before = await fleet.server.call('cpuSeconds')
  if (profile === undefined) await sleep(durationMs)
  else await fleet.server.call('profile', { file: profile, durationMs })
  const cpu = (await fleet.server.call('cpuSeconds')) - before
  const steady = await fleet.stopLoops()
  say(`nothing new: ${shown(steady)}; ${((cpu / Math.max(1, steady.count)) * 1e6).toFixed(0)} µs of CPU each`)

  await fleet.startLoops(intervalMs)
  startedAt = performance.now()
  const { release, seconds } = await fleet.server.call('publishNext', 1)
  await until(async () => (await fleet.withRelease(release)) === envoys)
  say(`another release, loaded in ${seconds.toFixed(1)} s, was with all envoys after ${since(startedAt)}`)
  await fleet.stopLoops()
  await fleet.end()
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + CONVERGE_WITHIN_MS
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('the release did not reach everybody')
    await sleep(100)
  }
}

function atLeastOne(name: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1) return number
  throw new Error(`${name} must be a whole number of at least 1`)
}

function shown({ count, medianMs, p99Ms, maxMs }: Latencies): string {
  return `${count} check-ins, median ${medianMs.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms, slowest ${maxMs.toFixed(0)} ms`
}

function since(startedAt: number): string {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
