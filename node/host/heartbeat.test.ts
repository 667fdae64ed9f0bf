import type { Connection } from '@libp2p/interface'
import { expect, test } from 'vitest'
import { silentLogger } from '#node/kit'
import { until } from './compliance/host.compliance.ts'
import { createHost } from './create-host.ts'
import { Heartbeat } from './heartbeat.ts'

interface Asked {
  readonly connection: Connection
  readonly muxer: { received: number; ask(): void }
  asks: number
  aborted: Error | undefined
}

function asked(onAsk: (asked: Asked) => void): Asked {
  const muxer = {
    received: 0,
    ask: () => {
      state.asks++
      onAsk(state)
    },
  }
  const connection = {
    muxer,
    remotePeer: 'peer',
    abort: (error: Error) => {
      state.aborted ??= error
    },
  }
  const state: Asked = { connection: connection as unknown as Connection, muxer, asks: 0, aborted: undefined }
  return state
}

async function beating(all: readonly Asked[], condition: () => boolean): Promise<void> {
  const heartbeat = new Heartbeat(() => all.map(({ connection }) => connection), { beatMs: 2, answerWithinMs: 30 })
  try {
    await until(condition)
  } finally {
    heartbeat.stop()
  }
}

test('who answers is asked again and again, and who does not is dropped', async () => {
  const alive = asked(({ muxer }) => muxer.received++)
  const dead = asked(() => undefined)
  const broken = asked(() => {
    throw new Error('nothing can be sent')
  })
  const without = asked(() => undefined)
  Object.assign(without.connection, { muxer: {} })
  const all = [alive, dead, broken, without]
  await beating(all, () => dead.aborted !== undefined && alive.asks > 3)
  expect(dead.aborted).toMatchObject({ code: 'unreachable' })
  expect(broken.aborted).toMatchObject({ code: 'unreachable' })
  expect(alive.aborted).toBeUndefined()
  expect(without).toMatchObject({ asks: 0, aborted: undefined })
})

test('who says anything by itself is not asked', async () => {
  let beats = 0
  const talker = asked(() => undefined)
  const heartbeat = new Heartbeat(
    () => {
      talker.muxer.received++
      beats++
      return [talker.connection]
    },
    { beatMs: 2, answerWithinMs: 1 },
  )
  try {
    await until(() => beats > 20)
    expect(talker).toMatchObject({ asks: 0, aborted: undefined })
  } finally {
    heartbeat.stop()
  }
})

test('connections of libp2p are asked on no stream, and stay', async () => {
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
