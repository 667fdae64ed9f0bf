import { expect, test } from 'vitest'
import { FakeServer } from './fixture.ts'
import { RecentHistory } from './recent-history.ts'

test('the history is read once for many pages, and again as soon as something else is live', async () => {
  await using server = await FakeServer.create()
  const { releases, policy } = server.parts
  let reads = 0
  const counted = {
    history: async (options?: { limit?: number }) => {
      reads++
      return await releases.history(options)
    },
  }
  const history = new RecentHistory({ releases: counted, policy, clock: server.clock })
  await Promise.all(Array.from({ length: 50 }, () => history.entries()))
  expect(reads).toBe(1)
  const { number } = await server.publish({ author: 'anna', reason: '', agoMs: 0 })
  expect((await history.entries())[0]?.number).toBe(number)
})

test('a history that cannot be read is asked for again', async () => {
  await using server = await FakeServer.create()
  let isBroken = true
  const flaky = {
    history: async () => {
      if (isBroken) throw new Error('the disk is away')
      return { entries: [], damaged: [] }
    },
  }
  const history = new RecentHistory({ releases: flaky, policy: server.parts.policy, clock: server.clock })
  await expect(history.entries()).rejects.toThrow('the disk is away')
  isBroken = false
  expect(await history.entries()).toEqual([])
})
