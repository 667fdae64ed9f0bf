import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '#node/kit'
import { backoffMs, next, wakeAt } from './next.ts'
import {
  ANSWER_MS,
  type Answer,
  initialState,
  type LoopAction,
  type LoopEvent,
  type LoopState,
  MAX_RETRY_MS,
} from './state.ts'

const INTERVAL = 60_000

type Timeless = LoopEvent extends infer E ? (E extends LoopEvent ? Omit<E, 'at'> : never) : never

/** A loop in virtual time: events are told, and time passes from tick to tick. */
class Virtual {
  state: LoopState = initialState()
  now = 1_000
  readonly seen: { at: number; action: LoopAction }[] = []
  #answer: (action: LoopAction) => void = () => undefined
  readonly #parameters = { splay: 0.5, random: seededRandom(7) }

  tell(event: Timeless): LoopAction[] {
    const [state, actions] = next(this.state, { ...event, at: this.now } as LoopEvent, this.#parameters)
    this.state = state
    for (const action of actions) this.seen.push({ at: this.now, action })
    for (const action of actions) this.#answer(action)
    return [...actions]
  }

  /** Lets time pass, with every tick that is asked for; `answer` reacts to actions. */
  pass(ms: number, answer: (action: LoopAction) => void = () => undefined): void {
    const end = this.now + ms
    this.#answer = answer
    for (let ticks = 0; wakeAt(this.state) <= end; ticks++) {
      if (ticks > 10_000) throw new Error('time does not pass')
      this.now = Math.max(this.now, wakeAt(this.state))
      this.tell({ type: 'tick' })
    }
    this.now = end
    this.#answer = () => undefined
  }

  online(answer: Answer = { kind: 'bundle', intervalMs: INTERVAL, isNew: true }): void {
    this.tell({ type: 'start', hasBundle: false })
    this.tell({ type: 'linked', bolt: 'b' })
    this.tell({ type: 'answered', answer })
    this.tell({ type: 'run-ended' })
  }

  times(type: LoopAction['type']): number[] {
    return this.seen.filter(({ action }) => action.type === type).map(({ at }) => at)
  }
}

const unchanged: Answer = { kind: 'unchanged', intervalMs: INTERVAL }

describe('a loop', () => {
  test('dials, checks in at once, runs, and then does so every interval', () => {
    const loop = new Virtual()
    expect(loop.tell({ type: 'start', hasBundle: false })).toEqual([{ type: 'dial' }])
    expect(loop.tell({ type: 'linked', bolt: 'b' })).toEqual([{ type: 'check-in' }])
    expect(loop.tell({ type: 'answered', answer: { kind: 'bundle', intervalMs: INTERVAL, isNew: true } })).toEqual([
      { type: 'run', isOffline: false },
    ])
    loop.tell({ type: 'run-ended' })
    loop.pass(100 * INTERVAL, action => {
      if (action.type === 'check-in') loop.tell({ type: 'answered', answer: unchanged })
      loop.tell({ type: 'run-ended' })
    })
    const times = loop.times('check-in')
    expect(times.length).toBeGreaterThan(95)
    expect(times.length).toBeLessThan(106)
    expect(loop.times('run')).toHaveLength(times.length)
    const [first = 0, second = 0] = times
    expect(second - first).toBe(INTERVAL / 2)
  })

  test('answers a call at once, keeps its place in the interval, and does not answer a flood', () => {
    const loop = new Virtual()
    loop.online()
    const due = loop.state.dueAt
    loop.pass(5_000)
    expect(loop.tell({ type: 'called' })).toEqual([{ type: 'check-in' }])
    expect(loop.tell({ type: 'answered', answer: unchanged })).toEqual([{ type: 'run', isOffline: false }])
    loop.tell({ type: 'run-ended' })
    expect(loop.state.dueAt).toBe(due)
    const before = loop.times('check-in').length
    for (let call = 0; call < 1000; call++) {
      loop.tell({ type: 'called' })
      loop.tell({ type: 'answered', answer: unchanged })
      loop.tell({ type: 'run-ended' })
      loop.pass(1)
    }
    expect(loop.times('check-in').length - before).toBeLessThanOrEqual(2)
  })

  test('runs one at a time; news and calls during a run make one more, an ordinary answer does not', () => {
    const loop = new Virtual()
    loop.tell({ type: 'start', hasBundle: false })
    loop.tell({ type: 'linked', bolt: 'b' })
    loop.tell({ type: 'answered', answer: { kind: 'bundle', intervalMs: INTERVAL, isNew: true } })
    const answerDue = (answer: Answer): void =>
      loop.pass(INTERVAL * 1.1, action => {
        if (action.type === 'check-in') loop.tell({ type: 'answered', answer })
      })
    answerDue(unchanged)
    expect(loop.times('run')).toHaveLength(1)
    answerDue({ kind: 'bundle', intervalMs: INTERVAL, isNew: true })
    answerDue({ kind: 'bundle', intervalMs: INTERVAL, isNew: true })
    expect(loop.times('run')).toHaveLength(1)
    expect(loop.tell({ type: 'run-ended' })).toEqual([{ type: 'run', isOffline: false }])
    expect(loop.tell({ type: 'run-ended' })).toEqual([])
  })

  test('without a server runs from what it has, every interval, and dials less and less often', () => {
    const loop = new Virtual()
    loop.tell({ type: 'start', hasBundle: true })
    loop.tell({ type: 'unlinked', reason: 'nobody there' })
    expect(loop.seen.map(({ action }) => action)).toContainEqual({ type: 'run', isOffline: true })
    loop.tell({ type: 'run-ended' })
    const hour = 3600_000
    loop.pass(hour, action => {
      if (action.type === 'dial') loop.tell({ type: 'unlinked', reason: 'nobody there' })
      if (action.type === 'run') loop.tell({ type: 'run-ended' })
    })
    const dials = loop.times('dial')
    expect(dials.length).toBeGreaterThan(hour / MAX_RETRY_MS)
    expect(dials.length).toBeLessThan((2 * hour) / MAX_RETRY_MS + 20)
    expect(loop.times('run').length).toBeGreaterThanOrEqual(11)
    expect(loop.times('run').length).toBeLessThanOrEqual(14)
  })

  test('without a server and a bundle has nothing to run', () => {
    const loop = new Virtual()
    loop.tell({ type: 'start', hasBundle: false })
    loop.tell({ type: 'unlinked', reason: 'nobody there' })
    loop.pass(3600_000, action => {
      if (action.type === 'dial') loop.tell({ type: 'unlinked', reason: 'nobody there' })
    })
    expect(loop.times('run')).toEqual([])
  })

  test('leaves a server that never answers, and runs anyway', () => {
    const loop = new Virtual()
    loop.tell({ type: 'start', hasBundle: true })
    loop.tell({ type: 'linked', bolt: 'b' })
    loop.pass(10 * 60_000, action => {
      if (action.type === 'dial') loop.tell({ type: 'linked', bolt: 'b' })
      if (action.type === 'run') loop.tell({ type: 'run-ended' })
    })
    const gone = loop.times('unlink')
    expect(gone[0]).toBe(1_000 + ANSWER_MS)
    expect(gone.length).toBeLessThan(10)
    expect(loop.times('run').length).toBeGreaterThanOrEqual(2)
  })

  test('waits when it is refused, and still runs what it has once an interval', () => {
    const loop = new Virtual()
    loop.online()
    loop.pass(20 * INTERVAL, action => {
      if (action.type === 'check-in') loop.tell({ type: 'answered', answer: { kind: 'refused', retryMs: 2_000 } })
      if (action.type === 'run') loop.tell({ type: 'run-ended' })
    })
    expect(loop.times('check-in').length).toBeGreaterThan(300)
    expect(loop.times('run').length).toBeLessThan(26)
    expect(loop.times('run').length).toBeGreaterThan(17)
  })

  test('forgets what to run when there is no policy', () => {
    const loop = new Virtual()
    loop.online({ kind: 'no-policy', intervalMs: INTERVAL })
    expect(loop.times('run')).toEqual([])
    loop.tell({ type: 'unlinked', reason: 'x' })
    loop.pass(10 * INTERVAL)
    expect(loop.times('run')).toEqual([])
  })

  test('sends reports one by one in their order, and repeats one until it is stored', () => {
    const loop = new Virtual()
    loop.online()
    expect(loop.tell({ type: 'queue', oldest: 'r1' })).toEqual([{ type: 'send-report', id: 'r1' }])
    expect(loop.tell({ type: 'queue', oldest: 'r1' })).toEqual([])
    loop.pass(100_000, action => {
      if (action.type === 'check-in') loop.tell({ type: 'answered', answer: unchanged })
    })
    expect(loop.times('send-report')).toHaveLength(3)
    expect(loop.tell({ type: 'queue', oldest: 'r2' })).toEqual([{ type: 'send-report', id: 'r2' }])
    loop.tell({ type: 'unlinked', reason: 'x' })
    expect(loop.tell({ type: 'queue', oldest: 'r2' })).toEqual([])
    loop.tell({ type: 'bolt-near' })
    expect(loop.tell({ type: 'linked', bolt: 'c' })).toContainEqual({ type: 'send-report', id: 'r2' })
  })

  test('takes over another interval with a place of its own in it', () => {
    const loop = new Virtual()
    loop.online()
    loop.pass(INTERVAL, action => {
      if (action.type === 'check-in') loop.tell({ type: 'answered', answer: { kind: 'unchanged', intervalMs: 5_000 } })
      if (action.type === 'run') loop.tell({ type: 'run-ended' })
    })
    const times = loop.times('check-in')
    expect((times.at(-1) ?? 0) - (times.at(-2) ?? 0)).toBeLessThan(5_300)
    const wild = new Virtual()
    wild.online({ kind: 'unchanged', intervalMs: Number.NaN })
    wild.online({ kind: 'unchanged', intervalMs: -1 })
    expect(wild.state.intervalMs).toBeGreaterThanOrEqual(1_000)
  })
})

describe('whatever happens', () => {
  const event: fc.Arbitrary<Timeless> = fc.oneof(
    fc.constantFrom<Timeless>(
      { type: 'tick' },
      { type: 'bolt-near' },
      { type: 'linked', bolt: 'b' },
      { type: 'unlinked', reason: 'x' },
      { type: 'called' },
      { type: 'run-ended' },
      { type: 'queue', oldest: 'r1' },
      { type: 'queue', oldest: 'r2' },
      { type: 'queue', oldest: null },
      { type: 'answered', answer: unchanged },
      { type: 'answered', answer: { kind: 'bundle', intervalMs: INTERVAL, isNew: true } },
      { type: 'answered', answer: { kind: 'refused', retryMs: 1 } },
      { type: 'answered', answer: { kind: 'no-policy', intervalMs: 5_000 } },
    ),
  )

  test('there is never more than one run, one check-in and one dial under way, and time always passes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(90_000)), { maxLength: 60 }), fc.boolean(), (events, hasBundle) => {
        const loop = new Virtual()
        let runs = 0
        let dials = 0
        const count = (actions: readonly LoopAction[]): void => {
          for (const { type } of actions) {
            if (type === 'run') runs++
            if (type === 'dial') dials++
          }
          expect(runs).toBeLessThanOrEqual(1)
          expect(dials).toBeLessThanOrEqual(1)
        }
        count(loop.tell({ type: 'start', hasBundle }))
        for (const [each, ms] of events) {
          // A shell links and unlinks only what it has dialled, and ends only what runs.
          if (each.type === 'linked' && dials === 0) continue
          if (each.type === 'unlinked' && loop.state.link.kind === 'away') continue
          if (each.type === 'linked' || each.type === 'unlinked') dials = 0
          if (each.type === 'run-ended') {
            if (runs === 0) continue
            runs = 0
          }
          count(loop.tell(each))
          loop.pass(ms, action => count([action]))
        }
      }),
    )
  })

  test('a machine with a bundle runs at least about once an interval, however its server behaves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('ok', 'refuse', 'silent', 'hang up', 'gone'), { minLength: 5, maxLength: 40 }),
        moods => {
          const loop = new Virtual()
          loop.online(unchanged)
          let turn = 0
          const mood = () => moods[turn++ % moods.length]
          loop.pass(40 * INTERVAL, action => {
            if (action.type === 'run') loop.tell({ type: 'run-ended' })
            if (action.type === 'dial')
              loop.tell(mood() === 'gone' ? { type: 'unlinked', reason: 'x' } : { type: 'linked', bolt: 'b' })
            if (action.type !== 'check-in') return
            const now = mood()
            if (now === 'ok') loop.tell({ type: 'answered', answer: unchanged })
            if (now === 'refuse') loop.tell({ type: 'answered', answer: { kind: 'refused', retryMs: 3_000 } })
            if (now === 'hang up') loop.tell({ type: 'unlinked', reason: 'x' })
          })
          const times = loop.times('run')
          const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
          expect(Math.max(...gaps)).toBeLessThan(INTERVAL * 1.1 + ANSWER_MS + 2 * MAX_RETRY_MS)
        },
      ),
    )
  })

  test('waiting before a new try grows from a second to a minute', () => {
    const waits = Array.from({ length: 12 }, (_, attempt) => backoffMs(attempt, 300_000, () => 1))
    expect(waits[0]).toBe(1_000)
    expect(waits.at(-1)).toBe(MAX_RETRY_MS)
    expect(backoffMs(5, 300_000, () => 0)).toBe(backoffMs(5, 300_000, () => 1) / 2)
  })
})

describe('a move to another bolt', () => {
  const moved = [{ type: 'leave', reason: expect.any(String) }, { type: 'dial' }]

  function settled(): Virtual {
    const loop = new Virtual()
    loop.online()
    loop.pass(1_000, action => {
      if (action.type === 'check-in') loop.tell({ type: 'answered', answer: unchanged })
      loop.tell({ type: 'run-ended' })
    })
    return loop
  }

  test('happens at once between check-ins and runs, and the next bolt is asked at once', () => {
    const loop = settled()
    expect(loop.tell({ type: 'move' })).toEqual(moved)
    expect(loop.tell({ type: 'move' })).toEqual([])
    expect(loop.tell({ type: 'linked', bolt: 'c' })).toEqual([{ type: 'check-in' }])
  })

  test('waits for the answer to a check-in and for the end of the run that it brings', () => {
    const loop = settled()
    expect(loop.tell({ type: 'called' })).toEqual([{ type: 'check-in' }])
    expect(loop.tell({ type: 'move' })).toEqual([])
    expect(loop.tell({ type: 'answered', answer: unchanged })).toEqual([{ type: 'run', isOffline: false }])
    expect(loop.tell({ type: 'move' })).toEqual([])
    loop.tell({ type: 'run-ended' })
    expect(loop.tell({ type: 'move' })).toEqual(moved)
  })

  test('waits until a report is stored, but not for a bolt that does not store it', () => {
    const loop = settled()
    expect(loop.tell({ type: 'queue', oldest: 'r1' })).toEqual([{ type: 'send-report', id: 'r1' }])
    expect(loop.tell({ type: 'move' })).toEqual([])
    loop.now += 31_000
    expect(loop.tell({ type: 'tick' })).toContainEqual({ type: 'send-report', id: 'r1' })
    loop.tell({ type: 'answered', answer: unchanged })
    loop.tell({ type: 'run-ended' })
    expect(loop.tell({ type: 'move' })).toEqual(moved)
    expect(loop.tell({ type: 'linked', bolt: 'c' })).toContainEqual({ type: 'send-report', id: 'r1' })
  })

  test('is nothing to an envoy that talks to nobody', () => {
    const loop = new Virtual()
    expect(loop.tell({ type: 'move' })).toEqual([])
    loop.tell({ type: 'start', hasBundle: false })
    expect(loop.tell({ type: 'move' })).toEqual([])
    loop.tell({ type: 'unlinked', reason: 'test' })
    expect(loop.tell({ type: 'move' })).toEqual([])
  })
})
