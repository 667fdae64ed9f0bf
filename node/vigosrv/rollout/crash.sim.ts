import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReleaseHash } from '#config/store'
import { Life, MINUTE, TestServer } from './fixture.ts'
import type { Canary } from './types.ts'

/*
 * Operators, hosts and time do anything in any order, and the server is killed between any two changes of its disk. Whatever happens:
 * a release that was announced for canaries reaches others only when its canaries converged, when an operator said so, or when it was
 * published anew without an announcement; what harms canaries is never given to everybody by the machine; and when all is calm nothing
 * is stuck.
 */

type Command =
  | { readonly do: 'announce' | 'withdraw' | 'promote' | 'stop' | 'restart' }
  | { readonly do: 'publish'; readonly isBad: boolean }
  | { readonly do: 'check-in'; readonly hosts: number }
  | { readonly do: 'pass'; readonly minutes: number }
  | { readonly do: 'doom'; readonly changes: number }

const HOSTS = 6

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('announce' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), isBad: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('check-in' as const), hosts: fc.integer({ min: 1, max: HOSTS }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), minutes: fc.constantFrom(1, 6, 16, 35) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('doom' as const), changes: fc.nat(6) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('withdraw' as const, 'promote' as const, 'stop' as const, 'restart' as const),
    }),
  },
)

test('nobody but canaries gets a staged release, whenever the server is killed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 4, maxLength: 24 }), async commands => {
      await using server = await TestServer.converged(HOSTS)
      const model = new Model(server)
      for (const each of commands) {
        await model.run(each)
        model.check()
      }
      await model.calm()
    }),
    { numRuns: 60, interruptAfterTimeLimit: 100_000 },
  )
})

test.each([
  ['a bad release', [{ do: 'announce' }, { do: 'publish', isBad: true }, { do: 'check-in', hosts: HOSTS }]],
  [
    'a good release',
    [
      { do: 'announce' },
      { do: 'publish', isBad: false },
      { do: 'check-in', hosts: HOSTS },
      { do: 'check-in', hosts: HOSTS },
    ],
  ],
  ['a stop by hand', [{ do: 'announce' }, { do: 'publish', isBad: false }, { do: 'stop' }]],
  [
    'a rollback of the monitor',
    [
      { do: 'publish', isBad: true },
      { do: 'check-in', hosts: HOSTS },
    ],
  ],
] as [string, Command[]][])('killed at each change of %s, everybody is safe', async (_what, commands) => {
  let isKilled = true
  let changes = 0
  for (; isKilled; changes++) {
    await using server = await TestServer.converged(HOSTS)
    const model = new Model(server)
    const life = new Life(changes)
    server.doom(life)
    for (const each of commands) {
      await model.run(each)
      model.check()
    }
    isKilled = life.isOver
    await model.calm()
    expect(
      Object.values(server.wanted).some(text => text.startsWith('bad')),
      `killed at ${changes}`,
    ).toBe(false)
  }
  expect(changes).toBeGreaterThan(4)
})

class Model {
  readonly #server: TestServer
  /** Releases that are for canaries only, and what allows them for everybody. */
  readonly #restricted = new Set<ReleaseHash>()
  readonly #bad = new Set<ReleaseHash>()
  readonly #converged = new Map<ReleaseHash, Set<string>>()
  #count = 0

  constructor(server: TestServer) {
    this.#server = server
  }

  async run(each: Command): Promise<void> {
    const { rollout } = this.#server
    const { canary } = rollout.status()
    switch (each.do) {
      case 'announce':
        await this.#mortal(async () => void (await rollout.announce({ selector: '2', by: 'alice' })))
        break
      case 'withdraw':
        await this.#mortal(async () => await rollout.withdraw())
        break
      case 'promote':
        // Also when the server is killed in it: somebody said so.
        if (canary?.phase === 'watching') this.#restricted.delete(canary.release)
        await this.#mortal(async () => void (await rollout.promote({ by: 'alice', reason: 'because' })))
        break
      case 'stop':
        await this.#mortal(async () => void (await rollout.stop({ by: 'alice', reason: 'because' })))
        break
      case 'publish':
        await this.#publish(each.isBad, canary)
        break
      case 'check-in':
        await this.#checkIn(each.hosts)
        break
      case 'pass':
        await this.#server.pass(each.minutes * MINUTE)
        break
      case 'doom':
        this.#server.doom(new Life(each.changes))
        break
      case 'restart':
        await this.#server.restart()
    }
    if (this.#server.isDead) await this.#server.restart()
  }

  check(): void {
    const { policy, rollout } = this.#server
    const { canary } = rollout.status()
    for (const host of this.#server.hosts) {
      const release = policy.releaseFor(host)
      if (release === null || !this.#restricted.has(release)) continue
      if (canary?.phase === 'watching' && canary.hosts.includes(host)) continue
      expect(this.#bad.has(release), `${host} has a bad release that was for canaries`).toBe(false)
      const converged = this.#converged.get(release) ?? new Set()
      expect(canary, `${host} has a release that was for canaries`).toMatchObject({ phase: 'promoted', release })
      if (canary?.phase !== 'promoted') continue
      expect(canary.hosts.filter(name => !converged.has(name))).toEqual([])
      this.#restricted.delete(release)
    }
  }

  /** No more crashes, good hosts, time: everything comes to an end, or says what it waits for. */
  async calm(): Promise<void> {
    await this.#server.restart()
    for (let round = 0; round < 6; round++) {
      await this.#checkIn(HOSTS)
      this.check()
      await this.#server.pass(8 * MINUTE)
    }
    const { canary, monitor } = this.#server.rollout.status()
    expect(canary?.phase).not.toBe('announced')
    if (canary?.phase === 'watching') expect(canary.problem).not.toBe(undefined)
    expect(monitor.phase).not.toBe('watching')
    expect(this.#server.policy.release).toBe(await this.#server.home.releases.live())
  }

  async #publish(isBad: boolean, canary: Canary | null): Promise<void> {
    const text = `${isBad ? 'bad' : 'good'} ${++this.#count}`
    const isStaged = canary?.phase === 'announced'
    const publishing = this.#server.publish(text)
    await this.#mortal(async () => void (await publishing))
    const live = await this.#server.home.releases.live()
    if (live === null) return
    if (isBad) this.#bad.add(live)
    if (isStaged) this.#restricted.add(live)
  }

  async #checkIn(count: number): Promise<void> {
    const { policy } = this.#server
    for (const host of this.#server.hosts.slice(0, count)) {
      const release = policy.releaseFor(host)
      if (release === null) continue
      this.#server.report(host, release)
      if (this.#server.outcomeOf(host) === 'converged') {
        this.#converged.set(release, (this.#converged.get(release) ?? new Set()).add(host))
      }
    }
    await this.#server.settle()
  }

  /** Refusals are as good as answers; a dead server gives none. */
  async #mortal(work: () => Promise<void>): Promise<void> {
    await Promise.race([work().catch(() => undefined), this.#server.killed()])
  }
}
