import { describe, expect, test } from 'vitest'
import { SeedPolicy } from './seeding.ts'

describe('a holder that several members ask', () => {
  function seeding(...askers: string[]): SeedPolicy {
    const policy = new SeedPolicy(2000)
    for (const asker of askers) policy.join(asker)
    return policy
  }

  test('hands a chunk to one and sends the next to that one', () => {
    const policy = seeding('a', 'b')
    expect(policy.decide('a', 7, false, 0)).toEqual({ serve: true })
    expect(policy.decide('b', 7, false, 500)).toEqual({ serve: false, retryAfterMs: 1500, ask: 'a' })
    expect(policy.decide('b', 8, false, 500)).toEqual({ serve: true })
  })

  test('gives the same member the same chunk again', () => {
    const policy = seeding('a', 'b')
    policy.decide('a', 7, false, 0)
    expect(policy.decide('a', 7, false, 1)).toEqual({ serve: true })
  })

  test('never declines a single asker, nor one that insists', () => {
    const alone = seeding('a')
    alone.decide('x', 7, false, 0)
    expect(alone.decide('a', 7, false, 1)).toEqual({ serve: true })
    const policy = seeding('a', 'b')
    policy.decide('a', 7, false, 0)
    expect(policy.decide('b', 7, true, 1)).toEqual({ serve: true })
  })

  test('declines no longer than its bound, and then trusts the one who kept the chunk no more', () => {
    const policy = seeding('a', 'b', 'c')
    policy.decide('a', 7, false, 0)
    policy.decide('a', 8, false, 1900)
    expect(policy.decide('b', 7, false, 2000)).toEqual({ serve: true })
    expect(policy.decide('c', 8, false, 2000)).toEqual({ serve: true })
  })

  test('forgets a member that left', () => {
    const policy = seeding('a', 'b', 'c')
    policy.decide('a', 7, false, 0)
    policy.leave('a')
    expect(policy.decide('b', 7, false, 1)).toEqual({ serve: true })
    expect(policy.decide('c', 7, false, 2)).toMatchObject({ serve: false, ask: 'b' })
  })
})
