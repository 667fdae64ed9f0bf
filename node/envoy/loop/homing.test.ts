import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#node/kit'
import {
  graceLeftMs,
  HOMING_TIMES,
  type Homing,
  type HomingEvent,
  type HomingStep,
  initialHoming,
  noted,
  stepOf,
} from './homing.ts'

type Timeless = HomingEvent extends infer E ? (E extends HomingEvent ? Omit<E, 'at'> : never) : never

const { graceMs, stableMs, spreadMs } = HOMING_TIMES

class Virtual {
  homing: Homing = initialHoming()
  now = 1_000
  linked: string | null = 'other'
  readonly probes: number[] = []
  readonly #random
  /** Whether a probe reaches the home. */
  isHomeUp = false

  constructor(seed = 7) {
    this.#random = seededRandom(seed)
  }

  tell(event: Timeless): void {
    this.homing = noted(this.homing, { ...event, at: this.now } as HomingEvent, HOMING_TIMES, this.#random)
  }

  step(): HomingStep {
    return stepOf(this.homing, this.now, this.linked, HOMING_TIMES)
  }

  /** Lets time pass until it wants to move; how long that took, or null. */
  untilMove(withinMs: number): number | null {
    const [start, end] = [this.now, this.now + withinMs]
    while (this.now <= end) {
      const step = this.step()
      if (step.type === 'move') return this.now - start
      if (step.type === 'probe') {
        this.probes.push(this.now)
        this.tell({ type: 'probed' })
        if (this.isHomeUp) this.tell({ type: 'connected' })
      } else this.now = Math.min(end + 1, Math.max(this.now + 1, step.until))
    }
    return null
  }
}

function away(seed = 7, isConnected = true): Virtual {
  const virtual = new Virtual(seed)
  virtual.tell({ type: 'order', home: 'home', isConnected })
  return virtual
}

describe('an envoy that is not at home', () => {
  test('goes there within seconds when routes make it its home, each in its own time', () => {
    const waits = Array.from({ length: 200 }, (_, seed) => away(seed).untilMove(60_000) ?? Number.NaN)
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(spreadMs)
    expect(Math.min(...waits)).toBeLessThan(spreadMs / 4)
    expect(Math.max(...waits)).toBeGreaterThan((spreadMs * 3) / 4)
  })

  test('connects to it first when it is not connected, within seconds, and then seldom', () => {
    const virtual = away(3, false)
    expect(virtual.untilMove(600_000)).toBeNull()
    const [first = 0, second = 0] = virtual.probes
    expect(first - 1_000).toBeLessThanOrEqual(2_000)
    expect(second - first).toBeLessThan(3_000)
    expect(virtual.probes.length).toBeLessThan(20)
    expect(virtual.probes.length).toBeGreaterThan(9)
  })

  test('goes on at once when the first try reaches it', () => {
    const virtual = away(3, false)
    virtual.isHomeUp = true
    expect(virtual.untilMove(600_000)).toBeLessThan(2_000 + spreadMs)
  })

  test('waits until a home that was gone has been there for a while, each in its own time', () => {
    const waits = Array.from({ length: 200 }, (_, seed) => {
      const virtual = away(seed)
      virtual.tell({ type: 'lost' })
      virtual.tell({ type: 'disconnected' })
      virtual.now += 30_000
      virtual.tell({ type: 'connected' })
      return virtual.untilMove(600_000) ?? Number.NaN
    })
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(stableMs)
    for (const wait of waits) expect(wait).toBeLessThanOrEqual(stableMs * 1.25)
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(stableMs / 8)
  })

  test('begins to wait again when the home goes away meanwhile, or cannot be talked to', () => {
    for (const trouble of ['disconnected', 'failed'] as const) {
      const virtual = away()
      virtual.tell({ type: 'lost' })
      virtual.now += stableMs / 2
      virtual.tell({ type: trouble })
      if (trouble === 'disconnected') virtual.tell({ type: 'connected' })
      expect(virtual.untilMove(600_000)).toBeGreaterThanOrEqual(stableMs)
    }
  })

  test('treats a home that comes up long after the agent started as one that was gone', () => {
    const virtual = away(5, false)
    virtual.untilMove(5 * stableMs)
    virtual.tell({ type: 'connected' })
    expect(virtual.untilMove(600_000)).toBeGreaterThanOrEqual(stableMs)
  })

  test('goes to another home within seconds even when the last one had failed', () => {
    const virtual = away()
    virtual.tell({ type: 'lost' })
    virtual.tell({ type: 'order', home: 'third', isConnected: true })
    expect(virtual.untilMove(600_000)).toBeLessThanOrEqual(spreadMs)
  })
})

describe('an envoy', () => {
  test('that is at home, or talks to nobody, or has no home stays', () => {
    const virtual = away()
    virtual.linked = 'home'
    expect(virtual.untilMove(3600e3)).toBeNull()
    virtual.linked = null
    expect(virtual.untilMove(3600e3)).toBeNull()
    virtual.linked = 'other'
    virtual.tell({ type: 'order', home: null, isConnected: false })
    expect(virtual.untilMove(3600e3)).toBeNull()
    expect(virtual.probes).toEqual([])
  })

  test('waits for a home that served it, once, until it has answered again', () => {
    const virtual = away()
    expect(graceLeftMs(virtual.homing, virtual.now)).toBe(0)
    virtual.tell({ type: 'failed' })
    expect(graceLeftMs(virtual.homing, virtual.now)).toBe(0)
    virtual.tell({ type: 'lost' })
    expect(graceLeftMs(virtual.homing, virtual.now)).toBe(graceMs)
    virtual.now += graceMs - 1
    virtual.tell({ type: 'lost' })
    expect(graceLeftMs(virtual.homing, virtual.now)).toBe(1)
    virtual.now += 1
    virtual.tell({ type: 'lost' })
    expect(graceLeftMs(virtual.homing, virtual.now)).toBe(0)
    virtual.tell({ type: 'answered' })
    virtual.tell({ type: 'lost' })
    expect(graceLeftMs(virtual.homing, virtual.now)).toBe(graceMs)
  })

  test('never stops: whatever happens, it moves, probes, or wakes at some time while it is not at home', () => {
    const event = fc.oneof(
      fc.constantFrom<Timeless>(
        { type: 'connected' },
        { type: 'disconnected' },
        { type: 'answered' },
        { type: 'lost' },
        { type: 'failed' },
        { type: 'probed' },
      ),
      fc.record({
        type: fc.constant('order' as const),
        home: fc.constantFrom('home', 'third'),
        isConnected: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(100_000))), events => {
        const virtual = away()
        for (const [each, ms] of events) {
          virtual.now += ms
          virtual.tell(each)
          const step = virtual.step()
          if (step.type !== 'wait') continue
          expect(step.until).toBeGreaterThan(virtual.now)
          expect(step.until - virtual.now).toBeLessThanOrEqual(stableMs * 1.3)
        }
      }),
    )
  })
})
