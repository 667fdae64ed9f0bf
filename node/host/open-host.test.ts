import { afterEach, expect, test } from 'vitest'
import { silentLogger } from '#node/kit'
import { createHost } from './create-host.ts'
import { identityFromSeed, peerIdOf, publicKeyOf } from './identity.ts'
import { createOpenHost, dialOnce } from './open-host.ts'

const seed = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))
const PROTOCOL = '/test/enroll/1'
const closers: (() => Promise<void>)[] = []

afterEach(async () => {
  await Promise.all(closers.splice(0).map(close => close()))
})

async function openHost(): ReturnType<typeof createOpenHost> {
  const host = await createOpenHost({
    privateKeySeed: seed(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    protocols: {
      [PROTOCOL]: {
        maxFrameBytes: 100,
        handler: async stream => {
          const frame = await stream.receive()
          await stream.send(Buffer.from(`${stream.peer} ${frame?.byteLength}`))
        },
      },
    },
  })
  closers.push(() => host.close())
  return host
}

test('a stranger is answered once on the only protocol, and the answerer knows its proven peer id', async () => {
  const bolt = await openHost()
  const mine = seed()
  const answer = await dialOnce(
    { privateKeySeed: mine, address: bolt.addresses()[0] ?? '', protocol: PROTOCOL, maxFrameBytes: 200 },
    async stream => {
      await stream.send(new Uint8Array(5))
      return Buffer.from((await stream.receive())?.subarray() ?? []).toString()
    },
  )
  expect(answer).toBe(`${identityFromSeed(mine).peerId} 5`)
})

test('whoever answers at the address with another key is refused, and an address without a peer id too', async () => {
  const bolt = await openHost()
  const bare = (bolt.addresses()[0] ?? '').split('/p2p/')[0] ?? ''
  const call = (address: string): Promise<void> =>
    dialOnce({ privateKeySeed: seed(), address, protocol: PROTOCOL, maxFrameBytes: 200 }, async () => undefined)
  await expect(call(`${bare}/p2p/${identityFromSeed(seed()).peerId}`)).rejects.toMatchObject({ code: 'unreachable' })
  await expect(call(bare)).rejects.toMatchObject({ code: 'malformed' })
})

test('the open host speaks nothing else: no gossip, no identify, no ping', async () => {
  const bolt = await openHost()
  for (const protocol of ['/meshsub/1.2.0', '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']) {
    const call = dialOnce(
      { privateKeySeed: seed(), address: bolt.addresses()[0] ?? '', protocol, maxFrameBytes: 200 },
      async () => undefined,
    )
    await expect(call).rejects.toMatchObject({ code: 'unreachable' })
  }
})

test('a stranger that calls a member host is refused whatever it speaks', async () => {
  const member = await createHost({
    privateKeySeed: seed(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    fleetId: 'ef'.repeat(32),
    gate: () => false,
    logger: silentLogger,
  })
  closers.push(() => member.close())
  const spoken = ['/meshsub/1.2.0', '/vigo/efefefefefefefef/kad/1', '/ipfs/ping/1.0.0']
  for (const protocol of spoken) {
    const call = dialOnce(
      { privateKeySeed: seed(), address: member.addresses()[0] ?? '', protocol, maxFrameBytes: 200 },
      async () => undefined,
    )
    await expect(call).rejects.toMatchObject({ code: 'unreachable' })
  }
  expect(member.peers()).toEqual([])
})

test('a relay client without any relay starts, and closes', async () => {
  const host = await createHost({
    privateKeySeed: seed(),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    fleetId: 'ef'.repeat(32),
    gate: () => true,
    relay: 'client',
    logger: silentLogger,
  })
  closers.push(() => host.close())
  expect(host.addresses().length).toBeGreaterThan(0)
})

test('peer ids and public keys lead to each other; anything else is refused', () => {
  const { peerId, publicKey } = identityFromSeed(new Uint8Array(32).fill(1))
  expect(peerId).toBe('12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5')
  expect(peerIdOf(publicKey)).toBe(peerId)
  expect(publicKeyOf(peerId)).toEqual(publicKey)
  for (const text of ['', 'nonsense', `${peerId}x`, 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N']) {
    expect(() => publicKeyOf(text)).toThrow(expect.objectContaining({ code: 'malformed' }))
  }
  expect(() => identityFromSeed(new Uint8Array(31))).toThrow(RangeError)
})
