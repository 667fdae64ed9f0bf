import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type ReleaseHash, Releases, releasePlaces, sampleTree } from '#config/store'
import { fromHex, layout, sha256Hex, silentLogger } from '#node/kit'
import { type Member, startMember } from '#node/member'
import { Fleet, WatchedSecrets } from '#node/vigosrv/fleet'
import { createPolicy, type Policy } from '#node/vigosrv/policy'
import { decodeRecord } from '#swarm/record'
import { residentBytes } from '../harness/lab.ts'
import { GiB } from '../harness/types.ts'

export interface ServerOptions {
  readonly root: string
  readonly seed: string
  readonly fleetId: string
  /** Encoded records in hex. */
  readonly admissions: readonly string[]
  readonly intervalMs: number
  /** Crates, ten resources each, and entries of the tree that is live. */
  readonly crates: number
}

let running: { member: Member; fleet: Fleet; policy: Policy; releases: Releases; options: ServerOptions } | undefined

function server() {
  if (running === undefined) throw new Error('the server is not started')
  return running
}

/** A bolt without its faces: the member, the policy and the fleet, as the daemon composes them. */
export async function startServer(options: ServerOptions): Promise<{ address: string }> {
  const member = await startMember({
    layout: layout(options.root),
    fleetId: options.fleetId,
    seed: fromHex(options.seed),
    hostname: 'bolt',
    swarm: {
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      mdns: false,
      relay: 'server',
      maxBandwidthPercent: 50,
      linkMbit: null,
      curatorEnabled: ['*'],
      curatorMaxBytes: GiB,
    },
    bootstrap: [],
    logger: silentLogger,
  })
  const { roster, db, host, clock } = member
  for (const admission of options.admissions) await roster.offer(decodeRecord(fromHex(admission)))
  const releases = new Releases({ places: releasePlaces(`${options.root}/srv`) })
  await goLive(releases, options.crates, 0)
  const policy = await createPolicy({ releases, clock, logger: silentLogger })
  const noSecrets = {
    resolve: async () => ({ values: new Map<string, string>(), missing: [] }),
    missing: async () => [],
    epoch: async () => 0,
  }
  const fleet = await Fleet.open({
    db,
    roster,
    policy,
    secrets: await WatchedSecrets.open(noSecrets, silentLogger),
    audit: { append: async () => undefined },
    clock,
    random: Math.random,
    logger: silentLogger,
    settings: () => ({ intervalMs: options.intervalMs, runs: { keepMs: 7 * 24 * 3600e3, perEnvoy: 100 } }),
  })
  await fleet.serve(host)
  running = { member, fleet, policy, releases, options }
  return { address: host.addresses().find(address => address.startsWith('/ip4/')) ?? '' }
}

/** Another release, in which every file differs; answers how long it took to be in force. */
export async function publishNext(round: number): Promise<{ release: string; seconds: number }> {
  const { releases, policy, options } = server()
  await goLive(releases, options.crates, round)
  const startedAt = performance.now()
  const { release } = await policy.reload()
  return { release: release ?? '', seconds: (performance.now() - startedAt) / 1000 }
}

export async function serverCounts() {
  const { fleet, policy } = server()
  return { ...fleet.counts(), release: policy.release, problem: policy.problem?.message ?? '' }
}

export interface Usage {
  readonly cpuSeconds: number
  readonly residentBytes: number
  readonly heapBytes: number
  readonly outsideBytes: number
}

/** After a collection of garbage. */
export async function usage(): Promise<Usage> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  const { user, system } = process.cpuUsage()
  const { heapUsed, external } = process.memoryUsage()
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: await residentBytes(process.pid),
    heapBytes: heapUsed,
    outsideBytes: external,
  }
}

export async function stopServer(): Promise<void> {
  await running?.fleet.close()
  await running?.member.close()
  running = undefined
}

async function goLive(releases: Releases, crates: number, round: number): Promise<ReleaseHash> {
  const files = sampleTree({ configcrates: crates, resources: crates * 10, entries: crates }).map(({ path, text }) => {
    const changed = text.replace('address: 0.0.0.0', `address: 10.0.0.${round}`)
    return { path, bytes: Buffer.from(changed), sha256: sha256Hex(changed) }
  })
  await using publisher = await releases.publisher({ doing: 'bench' })
  const counts = { configcrates: crates, roles: 0, envoyEntries: crates }
  const released = await publisher.publish({ files, counts, author: 'bench', reason: '' })
  return released.outcome === 'released' ? released.entry.release : released.release
}
