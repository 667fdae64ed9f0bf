import { expect, test } from 'vitest'
import { Readiness, type ReadinessOptions } from './readiness.ts'

interface World {
  now: number
  others: number
  hasSynced: boolean
  heads: string[]
  followed: string | null
  problem: string
  hasRelease: boolean
  isFounder: boolean
  isShared: boolean
}

/** A server that has just started, of which each test changes what it says. */
function server(change: Partial<World> = {}): { world: World; whyNot: () => string | null } {
  const world: World = {
    now: 0,
    others: 2,
    hasSynced: false,
    heads: ['new'],
    followed: null,
    problem: '',
    hasRelease: true,
    isFounder: false,
    isShared: true,
    ...change,
  }
  const member = {
    fleetId: world.isFounder ? 'self' : 'founder',
    roster: {
      members: () => ['self', 'a', 'b'].slice(0, world.others + 1).map(peer => ({ peer })),
      isBolt: () => true,
    },
    replication: { status: () => ({ lastSync: world.hasSynced ? { peer: 'a', at: 1 } : null, records: {} }) },
    projects: { heads: () => world.heads.map(commit => ({ new: commit })), get: () => (world.isShared ? {} : null) },
  } as unknown as ReadinessOptions['member']
  const readiness = new Readiness({
    project: 'p',
    member,
    self: 'self',
    watch: {
      get followed() {
        return world.followed
      },
      get problem() {
        return world.problem
      },
    },
    hasRelease: () => world.hasRelease,
    clock: { monotonicMs: () => world.now } as ReadinessOptions['clock'],
  })
  return { world, whyNot: () => readiness.whyNot() }
}

test('a server with others waits until it has in force what they know of', () => {
  const { world, whyNot } = server()
  expect(whyNot()).toMatch(/just started/)
  world.hasSynced = true
  world.followed = 'old'
  expect(whyNot()).toMatch(/just started/)
  world.followed = 'new'
  expect(whyNot()).toBeNull()
})

test('once it is ready it stays so', () => {
  const { world, whyNot } = server({ hasSynced: true, followed: 'new' })
  expect(whyNot()).toBeNull()
  world.heads = ['newer']
  expect(whyNot()).toBeNull()
})

test.each<[string, Partial<World>, afterMs?: number]>([
  ['there is no other server', { others: 0 }],
  ['the newest release cannot be used', { hasSynced: true, problem: 'it is not valid here' }],
  ['the stacks have diverged', { hasSynced: true, heads: ['x', 'y'], followed: 'z' }],
  ['nobody can be reached for half a minute', {}, 30_001],
  ['it founded the fleet and nothing was published ever', { hasRelease: false, isFounder: true }, 30_001],
])('it does not wait when %s', (_, change, afterMs = 0) => {
  const { world, whyNot } = server(change)
  world.now += afterMs
  expect(whyNot()).toBeNull()
})

test('one that has nothing at all never says that there is nothing, however long nobody can be reached', () => {
  const { world, whyNot } = server({ hasRelease: false })
  world.now += 3_600_000
  expect(whyNot()).toMatch(/just started/)
})

test('a server that joined before the configuration is shared says what is to be done', () => {
  const { world, whyNot } = server({ hasRelease: false, hasSynced: true, heads: [], isShared: false })
  expect(whyNot()).toMatch(/vigocli spanner init/)
  world.isShared = true
  expect(whyNot()).toBeNull()
})
