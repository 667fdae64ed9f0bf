import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { formatDuration, messageOf, parseDuration } from '#node/kit'
import { Scope } from './harness/scope.ts'
import { SoakFleet, until } from './soak/fleet.ts'
import { MemoryLog } from './soak/memory.ts'

const USAGE = `npm run soak -- [--for 1h] [--servers 3] [--envoys 4] [--seed N] [--pause 10s]

Servers that share one configuration, whose operators publish at random, while machines are killed and the network is cut at random.
In the end everything is started and mended, and then all servers must have the same release live, one history with every publish that
was acknowledged in it, repositories that git finds whole, envoys that have the last release, and memory that did not grow.
Takes root (network namespaces) and iproute2. The same seed does the same things in the same order.
`

const SETTLE_MS = 300_000
const MEMORY_EVERY_MS = 15_000

interface Plan {
  readonly durationMs: number
  readonly pauseMs: number
  readonly servers: number
  readonly envoys: number
  readonly seed: number
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      for: { type: 'string', default: '1h' },
      servers: { type: 'string', default: '3' },
      envoys: { type: 'string', default: '4' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      pause: { type: 'string', default: '10s' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const stop = new AbortController()
  const onSignal = (): void => stop.abort(new Error('interrupted'))
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const scope = await Scope.open()
  try {
    const plan: Plan = {
      durationMs: parseDuration(values.for),
      pauseMs: parseDuration(values.pause),
      servers: Number(values.servers),
      envoys: Number(values.envoys),
      seed: Number(values.seed),
    }
    return await soak(scope, plan, stop.signal)
  } finally {
    await scope.close()
  }
}

async function soak(scope: Scope, plan: Plan, signal: AbortSignal): Promise<number> {
  const { seed, durationMs, pauseMs, servers, envoys } = plan
  say(`seed ${seed}, ${formatDuration(durationMs)}, ${servers} servers, ${envoys} envoys`)
  const fleet = await SoakFleet.up(scope.path('lab'), { servers, envoys }, signal)
  scope.defer(() => fleet.lab.down({ purge: true }))
  const memory = new MemoryLog()
  const acknowledged: { release: string; text: string }[] = []
  const random = randomOf(seed)
  const until_ = performance.now() + durationMs
  const watching = watchMemory(fleet, memory, signal)
  let isCut = false
  while (performance.now() < until_) {
    isCut = await act(fleet, { random, isCut, acknowledged, signal })
    await sleep(pauseMs * (0.5 + random()), undefined, { signal })
  }
  say(`the end begins: ${acknowledged.length} publishes were acknowledged`)
  const problems = await settle(fleet, acknowledged, signal)
  await watching.stop()
  problems.push(...memory.leaks)
  say(`memory of processes that lived for ten minutes or more:\n${memory.report()}`)
  for (const problem of problems) say(`WRONG: ${problem}`)
  say(problems.length === 0 ? 'all well' : `${problems.length} things are wrong`)
  return problems.length === 0 ? 0 : 1
}

interface Moment {
  readonly random: () => number
  readonly isCut: boolean
  readonly acknowledged: { release: string; text: string }[]
  readonly signal: AbortSignal
}

/** Does one thing at random; answers whether the network is cut now. */
async function act(fleet: SoakFleet, { random, isCut, acknowledged, signal }: Moment): Promise<boolean> {
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)]
  const dice = random()
  const bolt = pick(fleet.living) ?? 'server'
  if (dice < 0.5) {
    const published = await fleet.publish(bolt, signal)
    if (published === null) return isCut
    acknowledged.push(published)
    say(`${bolt} published '${published.text}' as ${published.release.slice(0, 12)}`)
    return isCut
  }
  if (dice < 0.62) {
    const victim = pick([...fleet.bolts, ...fleet.envoys].filter(name => !fleet.dead.includes(name)))
    const isLastBolt = fleet.living.length === 1 && victim === fleet.living[0]
    if (victim === undefined || isLastBolt) return isCut
    say(`${victim} is killed`)
    await fleet.kill(victim)
    return isCut
  }
  if (dice < 0.78) {
    const again = pick(fleet.dead)
    if (again === undefined) return isCut
    say(`${again} is started again`)
    await fleet.start(again)
    return isCut
  }
  if (dice < 0.86 && !isCut) {
    const others = fleet.bolts.slice(1 + Math.floor(random() * (fleet.bolts.length - 1)))
    const group = [...others, ...fleet.envoys.filter(() => random() < 0.5)]
    say(`the network is cut: ${group.join(', ')} are by themselves`)
    await fleet.lab.cut([group])
    return true
  }
  if (dice < 0.95 && isCut) {
    say('the network is mended')
    await fleet.lab.heal()
    return false
  }
  await resolveIfDiverged(fleet, bolt, signal)
  return isCut
}

async function resolveIfDiverged(fleet: SoakFleet, bolt: string, signal: AbortSignal): Promise<void> {
  const { state, heads } = await fleet.status(bolt, signal)
  const [taken] = heads ?? []
  if (state !== 'diverged' || taken === undefined) return
  say(`${bolt} sees ${heads.length} heads and takes that of ${taken.bolt}`)
  await fleet.resolve(bolt, taken.commit, signal).catch((error: unknown) => say(`  in vain: ${messageOf(error)}`))
}

/** Mends everything, waits until all agree, and answers what is wrong nevertheless. */
async function settle(
  fleet: SoakFleet,
  acknowledged: readonly { release: string; text: string }[],
  signal: AbortSignal,
): Promise<string[]> {
  await fleet.lab.heal()
  for (const node of fleet.dead) await fleet.start(node)
  const [first = 'server'] = fleet.bolts
  const problems: string[] = []
  const check = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    await work().then(
      () => say(`${what}: yes`),
      (error: unknown) => {
        signal.throwIfAborted()
        problems.push(`${what}: ${messageOf(error)}`)
      },
    )
  }
  const wait = { timeoutMs: SETTLE_MS, signal }
  await check('all servers have one head', () =>
    until(
      'all servers have one head',
      async () => {
        await resolveIfDiverged(fleet, first, signal)
        const statuses = await Promise.all(fleet.bolts.map(bolt => fleet.status(bolt, signal)))
        return statuses.every(({ state, release }) => state === 'settled' && release === statuses[0]?.release)
      },
      wait,
    ),
  )
  const last = await fleet.publish(first, signal)
  if (last === null) return [...problems, 'nothing can be published in the end']
  await check('all servers have the last release live', () =>
    until(
      `everybody has ${last.release.slice(0, 12)} live`,
      async () => (await Promise.all(fleet.bolts.map(bolt => fleet.live(bolt)))).every(live => live === last.release),
      wait,
    ),
  )
  await check('all envoys have the last release', () =>
    until(
      `all envoys have '${last.text}'`,
      async () => (await Promise.all(fleet.envoys.map(envoy => fleet.motd(envoy)))).every(motd => motd === last.text),
      wait,
    ),
  )
  await check('all servers tell one history', () =>
    until(
      'the histories are equal',
      async () => {
        const stories = await Promise.all(fleet.bolts.map(bolt => fleet.history(bolt, signal)))
        return new Set(stories.map(story => JSON.stringify(story))).size === 1
      },
      wait,
    ),
  )
  const known = new Set((await fleet.history(first, signal)).map(({ release }) => release))
  const lost = acknowledged.filter(({ release }) => !known.has(release))
  if (lost.length > 0) problems.push(`acknowledged, and not in the history: ${lost.map(({ text }) => text).join(', ')}`)
  else say(`all ${acknowledged.length} acknowledged publishes are in the history`)
  for (const bolt of fleet.bolts) await check(`git finds ${bolt} whole`, () => fleet.fsck(bolt, signal))
  return problems
}

function watchMemory(fleet: SoakFleet, memory: MemoryLog, signal: AbortSignal): { stop(): Promise<void> } {
  const end = new AbortController()
  const watching = (async () => {
    const either = AbortSignal.any([end.signal, signal])
    while (!either.aborted) {
      memory.note(await fleet.residents(), performance.now())
      await sleep(MEMORY_EVERY_MS, undefined, { signal: either }).catch(() => undefined)
    }
  })()
  return {
    stop: async () => {
      end.abort()
      await watching
    },
  }
}

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`soak: ${messageOf(error)}\n`)
  return 1
})
