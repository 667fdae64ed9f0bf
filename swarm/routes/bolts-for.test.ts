import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256Hex } from '#node/kit'
import { boltsFor, type RouteView } from './bolts-for.ts'
import { compareSpecificity, HostPatterns, matchesPattern, specificityOf } from './pattern.ts'

interface Place {
  readonly patterns?: readonly string[]
  readonly isDraining?: boolean
}

const key = (name: string): string => sha256Hex(name)
const bolts = Array.from({ length: 6 }, (_, n) => key(`bolt${n}`))
const [first = '', second = '', third = ''] = bolts
const envoys = Array.from({ length: 400 }, (_, n) => ({ peer: key(`envoy${n}`), hostname: `web${n}.example.com` }))

function view(places: Readonly<Record<string, Place>> = {}, pins: Readonly<Record<string, string>> = {}): RouteView {
  return {
    bolt: bolt => {
      const place = places[bolt]
      if (place === undefined) return null
      return { matcher: new HostPatterns(place.patterns ?? []), isDraining: place.isDraining ?? false }
    },
    pin: peer => pins[peer] ?? null,
  }
}

const homes = (among: readonly string[], routes: RouteView): (string | undefined)[] =>
  envoys.map(envoy => boltsFor(envoy, among, routes)[0])

const pattern = fc.constantFrom('*', 'web*', 'web1*', 'web?.example.com', 'web7.example.com', 'db*')
const place: fc.Arbitrary<Place> = fc.record({
  patterns: fc.array(pattern, { maxLength: 3 }),
  isDraining: fc.boolean(),
})
const given = fc.record({
  count: fc.integer({ min: 1, max: 6 }),
  places: fc.dictionary(fc.constantFrom(...bolts), place),
  envoy: fc.constantFrom(...envoys.slice(0, 40)),
  pin: fc.option(fc.constantFrom(...bolts)),
})
const pinsOf = (peer: string, pin: string | null): Record<string, string> => (pin === null ? {} : { [peer]: pin })

describe('the bolts of an envoy', () => {
  test('are all bolts, each once, in an order that does not depend on the order in which they are given', () => {
    fc.assert(
      fc.property(given, fc.array(fc.nat()), ({ count, places, envoy, pin }, shuffle) => {
        const among = bolts.slice(0, count)
        const routes = view(places, pinsOf(envoy.peer, pin))
        const order = boltsFor(envoy, among, routes)
        expect(order.toSorted()).toEqual(among.toSorted())
        const other = among.map((bolt, n) => ({ bolt, at: shuffle[n] ?? 0 })).sort((a, b) => a.at - b.at)
        expect(
          boltsFor(
            envoy,
            other.map(({ bolt }) => bolt),
            routes,
          ),
        ).toEqual(order)
      }),
    )
  })

  test('begin with the pinned one, then the most specific pattern, and end with those that are draining', () => {
    fc.assert(
      fc.property(given, ({ count, places, envoy, pin }) => {
        const order = boltsFor(envoy, bolts.slice(0, count), view(places, pinsOf(envoy.peer, pin)))
        const rankOf = (bolt: string) => ({
          isDraining: places[bolt]?.isDraining ?? false,
          isPinned: bolt === pin,
          best: (places[bolt]?.patterns ?? [])
            .filter(glob => matchesPattern(glob, envoy.hostname))
            .map(specificityOf)
            .sort(compareSpecificity)[0],
        })
        for (let n = 1; n < order.length; n++) {
          const [before, after] = [rankOf(order[n - 1] ?? ''), rankOf(order[n] ?? '')]
          expect(before.isDraining && !after.isDraining).toBe(false)
          if (before.isDraining !== after.isDraining || before.isPinned) continue
          expect(after.isPinned).toBe(false)
          if (after.best === undefined) continue
          expect(before.best).toBeDefined()
          if (before.best !== undefined) expect(compareSpecificity(before.best, after.best)).toBeLessThanOrEqual(0)
        }
      }),
    )
  })

  test('without the first of them are the same others in the same order', () => {
    fc.assert(
      fc.property(given, ({ count, places, envoy, pin }) => {
        const among = bolts.slice(0, count)
        const routes = view(places, pinsOf(envoy.peer, pin))
        const [home, ...others] = boltsFor(envoy, among, routes)
        expect(
          boltsFor(
            envoy,
            among.filter(bolt => bolt !== home),
            routes,
          ),
        ).toEqual(others)
      }),
    )
  })

  test('ignore a pin to a bolt that is none any more', () => {
    const [envoy] = envoys
    if (envoy === undefined) throw new Error('no envoy')
    const order = boltsFor(envoy, [second, third], view({}, { [envoy.peer]: first }))
    expect(order).toEqual(boltsFor(envoy, [second, third], view()))
  })
})

describe('a fleet without patterns', () => {
  test('is spread over its bolts', () => {
    const counts = bolts.map(bolt => homes(bolts, view()).filter(home => home === bolt).length)
    const share = envoys.length / bolts.length
    for (const count of counts) expect(count).toBeGreaterThan(share / 2)
  })

  test('moves only what a new bolt gets', () => {
    const before = homes(bolts.slice(0, 5), view())
    const after = homes(bolts, view())
    const moved = after.filter((home, n) => home !== before[n])
    expect(new Set(moved)).toEqual(new Set([bolts[5]]))
    expect(moved.length).toBeLessThan((envoys.length / bolts.length) * 2)
  })
})

describe('a bolt that is drained', () => {
  test('has no envoys while others are there, also not those that are pinned to it or match, and nobody else moves', () => {
    const [pinned] = envoys
    const pins = { [pinned?.peer ?? '']: first }
    const before = homes(bolts, view({ [first]: { patterns: ['web1*'] } }, pins))
    const after = homes(bolts, view({ [first]: { patterns: ['web1*'], isDraining: true } }, pins))
    expect(before).toContain(first)
    expect(after).not.toContain(first)
    for (const [n, home] of before.entries()) if (home !== first) expect(after[n]).toBe(home)
  })

  test('serves everybody when there is no other, and when all are drained each keeps its own', () => {
    expect(new Set(homes([first], view({ [first]: { isDraining: true } })))).toEqual(new Set([first]))
    const all = Object.fromEntries(bolts.map(bolt => [bolt, { isDraining: true }]))
    expect(homes(bolts, view(all))).toEqual(homes(bolts, view()))
  })
})
