import { expect, test } from 'vitest'
import { until } from '../compliance/host.compliance.ts'
import { memoryNetwork } from './network.ts'

test('a partition cuts links and keeps them cut until it heals; the killed are gone for good', async () => {
  const network = memoryNetwork()
  const [a, b, c] = [
    network.createHost({ peerId: 'a' }),
    network.createHost({ peerId: 'b' }),
    network.createHost({ peerId: 'c' }),
  ]
  await a.connect('b')
  await a.connect('c')
  await b.serve('/x/1', { maxFrameBytes: 10 }, async stream => {
    await stream.receive()
  })
  const stream = await a.open('b', '/x/1', { maxFrameBytes: 10 })
  network.partition([['a', 'c'], ['b']])
  await expect(stream.receive()).rejects.toMatchObject({ code: 'reset' })
  expect([a.peers(), b.peers(), c.peers()]).toEqual([['c'], [], ['a']])
  await expect(a.connect('b')).rejects.toMatchObject({ code: 'unreachable' })
  network.heal()
  expect(await a.connect('b')).toBe('b')
  network.kill('b')
  expect(a.peers()).toEqual(['c'])
  await expect(a.connect('b')).rejects.toMatchObject({ code: 'unreachable' })
  await expect(b.connect('a')).rejects.toMatchObject({ code: 'closed' })
})

test('with latency, time passes on the given clock only', async () => {
  let nowMs = 0
  const sleepers: { at: number; wake: () => void }[] = []
  const clock = {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms: number) => new Promise<void>(wake => sleepers.push({ at: nowMs + ms, wake })),
  }
  const network = memoryNetwork({ clock, latencyMs: 10 })
  const [a, b] = [network.createHost({ peerId: 'a' }), network.createHost({ peerId: 'b' })]
  const heard: number[] = []
  b.gossip.subscribe('t', async () => {
    heard.push(nowMs)
    return 'accept'
  })
  let connected = false
  void a.connect('b').then(() => {
    connected = true
  })
  const tick = async (): Promise<void> => {
    nowMs += 10
    for (const sleeper of sleepers.splice(0)) {
      if (sleeper.at <= nowMs) sleeper.wake()
      else sleepers.push(sleeper)
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  await tick()
  expect(connected).toBe(false)
  await tick()
  await until(() => connected)
  await a.gossip.publish('t', new Uint8Array(3))
  expect(heard).toEqual([])
  await tick()
  expect(heard).toEqual([30])
})
