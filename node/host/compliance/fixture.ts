import { afterEach } from 'vitest'
import type { Gate } from '../gate.ts'
import type { FrameStream, Host } from '../types.ts'

/** Makes hosts that can reach each other; `close` is called after each test. */
export interface HostFixture {
  host(gate?: Gate): Promise<Host>
  /** How long gossip may need to notice a subscription. */
  gossipDelayMs: number
  close(): Promise<void>
}

export interface TestHosts {
  readonly start: () => Promise<HostFixture>
  /** Two of whom the first knows where the second is. */
  readonly pair: () => Promise<[Host, Host]>
}

export const ECHO = '/test/echo/1'
export const LIMIT = { maxFrameBytes: 1024 * 1024 }

/** Of one test at a time. */
export function testHosts(create: () => Promise<HostFixture>): TestHosts {
  let fixture: HostFixture | undefined
  afterEach(async () => {
    await fixture?.close()
    fixture = undefined
  })
  const start = async (): Promise<HostFixture> => {
    fixture = await create()
    return fixture
  }
  const pair = async (): Promise<[Host, Host]> => {
    const hosts = await start()
    const [a, b] = [await hosts.host(), await hosts.host()]
    await a.addAddresses(b.peerId, b.addresses())
    return [a, b]
  }
  return { start, pair }
}

export async function echo(stream: FrameStream): Promise<void> {
  for (;;) {
    const frame = await stream.receive()
    if (frame === null) return
    await stream.send([...frame])
  }
}

export async function receive(stream: FrameStream): Promise<Uint8Array> {
  const frame = await stream.receive()
  if (frame === null) throw new Error('the stream ended')
  return frame.subarray()
}

/** Waits for a condition; the test's own time limit is the deadline. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 5))
}

/** Resolves when the value has not changed for a while. */
export async function steady(value: () => number): Promise<void> {
  for (let same = 0, last = value(); same < 20; ) {
    await new Promise(resolve => setTimeout(resolve, 10))
    if (value() === last) same++
    else [same, last] = [0, value()]
  }
}
