import { afterEach, expect, test, vi } from 'vitest'
import { silentLogger } from '#node/kit'
import { createHost, type Gate, type Host, HostError, type RequestProtocol, request, serveRequests } from './index.ts'

const hosts: Host[] = []
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.close()
})

async function start(
  seed: number,
  relay: 'server' | 'client',
  listen: string[],
  gate: Gate = () => true,
): Promise<Host> {
  const host = await createHost({
    privateKeySeed: new Uint8Array(32).fill(seed),
    listen,
    fleetId: 'ab'.repeat(32),
    gate,
    relay,
    dht: false,
    gossip: false,
    logger: silentLogger,
  })
  hosts.push(host)
  return host
}

const text = {
  encode: (value: string) => new TextEncoder().encode(value),
  decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
}

function echo(overRelay: boolean): RequestProtocol<string, string> {
  const id = `/vigo/echo-${overRelay}/1`
  return {
    id,
    request: text,
    response: text,
    maxRequestBytes: 100,
    maxResponseBytes: 100,
    deadlineMs: 5_000,
    overRelay,
  }
}

const loopback = ['/ip4/127.0.0.1/tcp/0']

async function hidden(relay: Host, gate?: Gate): Promise<{ host: Host; address: string }> {
  const host = await start(9, 'client', [], gate)
  for (const overRelay of [true, false]) await serveRequests(host, echo(overRelay), async message => message)
  await host.connect(relay.addresses()[0] ?? '')
  await vi.waitFor(() => expect(host.addresses().join()).toContain('/p2p-circuit/'), { timeout: 10_000 })
  return { host, address: host.addresses().find(address => address.includes('/p2p-circuit/')) ?? '' }
}

test('a member without an address of its own is reached through a relay, for control traffic only', async () => {
  const relay = await start(1, 'server', loopback)
  const { host, address } = await hidden(relay)
  const asker = await start(2, 'client', loopback)
  expect(await asker.connect(address)).toBe(host.peerId)
  expect(await request(asker, host.peerId, echo(true), 'hello')).toBe('hello')
  await expect(request(asker, host.peerId, echo(false), 'hello')).rejects.toBeInstanceOf(HostError)
})

test('a relay opens no way past the gate', async () => {
  const relay = await start(1, 'server', loopback)
  const stranger = await start(3, 'client', loopback)
  const { address } = await hidden(relay, peer => peer !== stranger.peerId)
  await expect(stranger.connect(address)).rejects.toBeInstanceOf(HostError)
})
