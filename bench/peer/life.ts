import { readFile } from 'node:fs/promises'
import { fromHex, layout, silentLogger } from '#node/kit'
import { type Member, startMember } from '#node/member'
import { decodeRecord } from '#swarm/record'
import { GiB } from '../harness/types.ts'

const CONNECT_ATTEMPTS = 5

let running: Member | undefined

export function member(): Member {
  if (running === undefined) throw new Error('the peer is not started')
  return running
}

/** Milliseconds on a clock that all processes of this machine share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

export interface StartOptions {
  root: string
  seed: string
  fleetId: string
  hostname: string
  listen: string
  /** Encoded records in hex. */
  admissions: string[]
}

/** Everything an envoy is made of, except its sockets for local users and its settings file. */
export async function start(options: StartOptions) {
  running = await startMember({
    layout: layout(options.root),
    fleetId: options.fleetId,
    seed: fromHex(options.seed),
    hostname: options.hostname,
    swarm: {
      listen: [options.listen],
      announce: [],
      mdns: false,
      relay: 'client',
      maxBandwidthPercent: 50,
      linkMbit: null,
      curatorEnabled: ['*'],
      curatorMaxBytes: 16 * GiB,
    },
    bootstrap: [],
    logger: silentLogger,
  })
  for (const row of options.admissions) await running.roster.offer(decodeRecord(fromHex(row)))
  const { host } = running
  const address = host.addresses().find(candidate => candidate.startsWith('/ip4/')) ?? ''
  return { peerId: host.peerId, address }
}

/** Tries several times, because a machine that starts many peers at once keeps some of them waiting. */
export async function connect({ address }: { address: string }): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await member().host.connect(address)
      return
    } catch (error) {
      if (attempt === CONNECT_ATTEMPTS) throw error
    }
  }
}

export async function connections(): Promise<number> {
  return member().host.peers().length
}

/** What this process has handed to the kernel in `write` calls so far: sockets and files, counted by the kernel. */
export async function bytesWritten(): Promise<number> {
  const io = await readFile('/proc/self/io', 'utf8')
  return Number(/^wchar: (\d+)$/m.exec(io)?.[1])
}

export async function cpuSeconds(): Promise<number> {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

export async function stop(): Promise<void> {
  await running?.close()
  running = undefined
}
