import { expect, test } from 'vitest'
import type { BoltRow, SpannerStatus } from '#node/api'
import { silentLogger, systemClock } from '#node/kit'
import { BoltWatch } from './bolt-watch.ts'

const bolt = (peer: string, follows: boolean): BoltRow => ({
  peer,
  hostname: peer,
  isFounder: false,
  isSelf: false,
  isConnected: true,
  patterns: [],
  isDraining: false,
  home: { envoys: 0 },
  report: null,
  follows,
})

/** Servers that are as the test says. */
class Servers {
  bolts: BoltRow[] = [bolt('a', true)]
  looks = 0
  isBroken = false
  #listener: () => void = () => undefined

  status = async (): Promise<SpannerStatus> => {
    this.looks++
    if (this.isBroken) throw new Error('broken')
    return {
      mode: 'spanner',
      server: 'a',
      project: null,
      head: null,
      release: null,
      state: 'settled',
      problem: '',
      heads: [],
      bolts: this.bolts,
    }
  }

  onChange = (listener: () => void): (() => void) => {
    this.#listener = listener
    return () => undefined
  }

  tell(): void {
    this.#listener()
  }
}

class Clock {
  time = 1000
  now = (): number => this.time
  monotonicMs = (): number => systemClock.monotonicMs()
  sleep = systemClock.sleep.bind(systemClock)
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error('waited in vain')
    await new Promise(setImmediate)
  }
}

function watching(servers: Servers, lookMs: number) {
  const clock = new Clock()
  const watch = BoltWatch.start({ spanner: servers, clock, logger: silentLogger, lookMs })
  return { clock, watch }
}

test('since when a server is behind counts from the first look that found it so, until it follows or is gone', async () => {
  const servers = new Servers()
  const { clock, watch } = watching(servers, 1)
  await until(() => watch.status !== null)
  expect(watch.behindSince('a')).toBeNull()
  servers.bolts = [bolt('a', true), bolt('b', false), bolt('c', false)]
  await until(() => watch.behindSince('b') !== null)
  clock.time = 5000
  const { looks } = servers
  await until(() => servers.looks > looks + 1)
  expect([watch.behindSince('b'), watch.behindSince('c')]).toEqual([1000, 1000])
  servers.bolts = [bolt('a', true), bolt('b', true)]
  await until(() => watch.behindSince('b') === null)
  expect(watch.behindSince('c')).toBeNull()
  await watch.close()
})

test('a change is told once, and looked at without waiting for the next turn', async () => {
  const servers = new Servers()
  const { watch } = watching(servers, 3_600_000)
  let changes = 0
  watch.onChange(() => changes++)
  await until(() => changes === 1)
  servers.bolts = [bolt('a', false)]
  servers.tell()
  await until(() => changes === 2)
  servers.tell()
  const { looks } = servers
  await until(() => servers.looks > looks)
  expect(changes).toBe(2)
  await watch.close()
})

test('what cannot be seen now is as it was, and is looked at again', async () => {
  const servers = new Servers()
  const { watch } = watching(servers, 1)
  await until(() => watch.status !== null)
  servers.isBroken = true
  const { looks } = servers
  await until(() => servers.looks > looks + 2)
  expect(watch.status?.bolts).toHaveLength(1)
  servers.isBroken = false
  servers.bolts = []
  await until(() => watch.status?.bolts.length === 0)
  await watch.close()
})
