import type { Connection } from '@libp2p/interface'
import { expect, test } from 'vitest'
import { silentLogger } from '#node/kit'
import { createHost } from './create-host.ts'
import { Heartbeat } from './heartbeat.ts'
import { until } from './host.compliance.ts'

interface Pinged {
  readonly connection: Connection
  pings: number
  aborted: Error | undefined
}

function pinged(ping: (options: { signal: AbortSignal }) => Promise<number>): Pinged {
  const state = { pings: 0, aborted: undefined as Error | undefined }
  const muxer = {
    ping: (options: { signal: AbortSignal }) => {
      state.pings++
      return ping(options)
    },
  }
  const connection = {
    muxer,
    remotePeer: 'peer',
    abort: (error: Error) => {
      state.aborted = error
    },
  }
  return Object.assign(state, { connection: connection as unknown as Connection })
}

function never({ signal }: { signal: AbortSignal }): Promise<number> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

test('who answers is asked again and again, and who does not is dropped after one question', async () => {
  const alive = pinged(async () => 1)
  const dead = pinged(never)
  const without = pinged(never)
  Object.assign(without.connection, { muxer: {} })
  const heartbeat = new Heartbeat(() => [alive.connection, dead.connection, without.connection], {
    beatMs: 2,
    answerWithinMs: 30,
  })
  try {
    await until(() => dead.aborted !== undefined && alive.pings > 3)
    expect(dead.aborted).toMatchObject({ code: 'unreachable' })
    expect(alive.aborted).toBeUndefined()
    expect(without).toMatchObject({ pings: 0, aborted: undefined })
  } finally {
    heartbeat.stop()
  }
})

test('connections of libp2p are pinged on no stream, and stay', async () => {
  const host = () =>
    createHost({
      privateKeySeed: crypto.getRandomValues(new Uint8Array(32)),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      fleetId: 'cd'.repeat(32),
      gate: () => true,
      dht: false,
      gossip: false,
      heartbeat: { beatMs: 5, answerWithinMs: 10_000 },
      logger: silentLogger,
    })
  const [a, b] = [await host(), await host()]
  try {
    await a.connect(b.addresses()[0] ?? '')
    const startedAt = performance.now()
    await until(() => performance.now() - startedAt > 100)
    expect(a.peers()).toEqual([b.peerId])
    expect(b.peers()).toEqual([a.peerId])
  } finally {
    await Promise.all([a.close(), b.close()])
  }
})
