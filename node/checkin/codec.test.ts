import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFromBolt, decodeFromEnvoy, encodeMessage } from './codec.ts'
import { CheckinError } from './errors.ts'
import { type FromEnvoy, MAX_TRAITS_BYTES, STILL } from './messages.ts'
import { noCounts, outcomeOf, RESOURCE_STATES, type Run, type StateCounts } from './run.ts'

const hash = fc.stringMatching(/^[0-9a-f]{64}$/)
const id = fc.stringMatching(/^[0-9a-f]{32}$/)
const count = fc.nat()
const counts = fc.record(Object.fromEntries(RESOURCE_STATES.map(state => [state, count]))) as fc.Arbitrary<StateCounts>

const run: fc.Arbitrary<Run> = fc.record({
  id,
  release: fc.oneof(hash, fc.constant('')),
  bundle: hash,
  mode: fc.constantFrom('enforce', 'dry-run'),
  startedAt: count,
  durationMs: count,
  outcome: fc.constantFrom('completed', 'interrupted'),
  offline: fc.boolean(),
  counts,
  results: fc.array(
    fc.record(
      {
        id: fc.string({ maxLength: 512 }),
        type: fc.string({ maxLength: 64 }),
        state: fc.constantFrom(...RESOURCE_STATES),
        message: fc.string({ maxLength: 100 }),
        changes: fc.array(fc.record({ attribute: fc.string({ maxLength: 64 }), from: fc.string(), to: fc.string() }), {
          maxLength: 3,
        }),
        diff: fc.string(),
        output: fc.string(),
        durationMs: count,
      },
      { requiredKeys: ['id', 'type', 'state', 'durationMs'] },
    ),
    { maxLength: 5 },
  ),
  resultsLeftOut: count,
})

const traits = fc.dictionary(fc.string({ maxLength: 20 }), fc.jsonValue({ maxDepth: 5 }), { noNullPrototype: true })

const message: fc.Arbitrary<FromEnvoy> = fc.oneof(
  fc.record({ type: fc.constant('hello' as const), version: fc.string({ maxLength: 64 }) }),
  fc.record(
    {
      type: fc.constant('check-in' as const),
      bundle: fc.oneof(hash, fc.constant('' as const)),
      release: fc.oneof(hash, fc.constant('' as const)),
      traitsHash: hash,
      traits,
    },
    { requiredKeys: ['type', 'bundle', 'release', 'traitsHash'] },
  ),
  fc.record({ type: fc.constant('report' as const), run }),
  fc.record({
    type: fc.constant('secrets' as const),
    bundle: hash,
    paths: fc.array(fc.string({ maxLength: 256 }), { minLength: 1, maxLength: 10 }),
  }),
  fc.record({
    type: fc.constant('task-output' as const),
    task: id,
    stream: fc.constantFrom('stdout', 'stderr'),
    text: fc.string(),
  }),
  fc.record({
    type: fc.constant('task-done' as const),
    task: id,
    exitCode: fc.oneof(fc.integer(), fc.constant(null)),
    durationMs: count,
  }),
)

describe('a message of an envoy', () => {
  test('arrives as it was sent', () => {
    fc.assert(
      fc.property(message, sent => {
        const text = JSON.parse(JSON.stringify(sent))
        expect(decodeFromEnvoy(encodeMessage(sent))).toEqual(text)
      }),
    )
  })

  test('with one thing wrong is refused with its type and the place', () => {
    const checkIn = { type: 'check-in', bundle: '', release: '', traitsHash: 'a'.repeat(64) }
    const wrong = (more: object): unknown => {
      try {
        return decodeFromEnvoy(encodeMessage({ ...checkIn, ...more }))
      } catch (error) {
        return error instanceof CheckinError ? error.message : error
      }
    }
    expect(wrong({})).toEqual(checkIn)
    expect(wrong({ bundle: 'A'.repeat(64) })).toContain("a 'check-in' message is none of /vigo/checkin/1: /bundle")
    expect(wrong({ traitsHash: undefined })).toContain('/traitsHash')
    expect(wrong({ traits: [] })).toContain('/traits')
    expect(wrong({ type: 'toString' })).toContain('there is no such message')
    expect(wrong({ traits: { a: 'x'.repeat(MAX_TRAITS_BYTES + 1024) } })).toContain('bytes')
  })

  test('of any bytes is a message or refused, and nothing else happens', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map(text => Buffer.from(text)),
        ),
        bytes => {
          try {
            decodeFromEnvoy(bytes)
          } catch (error) {
            expect(error).toBeInstanceOf(CheckinError)
          }
        },
      ),
    )
  })

  test('that is nested as deep as a frame can be is refused without a stack overflow', () => {
    const depth = 200_000
    const nested = `{"type":"check-in","bundle":"","release":"","traitsHash":"${'a'.repeat(64)}","traits":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`
    expect(() => decodeFromEnvoy(Buffer.from(nested))).toThrow(CheckinError)
  })

  test('loses in a report what the protocol does not have', () => {
    const [sent] = fc.sample(run, 1)
    const junk = { type: 'report', junk: 1, run: { ...sent, junk: 2, counts: { ...sent?.counts, junk: 3 } } }
    expect(decodeFromEnvoy(encodeMessage(junk))).toEqual(JSON.parse(JSON.stringify({ type: 'report', run: sent })))
  })
})

test('still is an empty frame in either direction, and nothing else is', () => {
  expect(encodeMessage(STILL)).toHaveLength(0)
  expect([decodeFromEnvoy(new Uint8Array()), decodeFromBolt(new Uint8Array())]).toEqual([STILL, STILL])
  for (const decode of [decodeFromEnvoy, decodeFromBolt]) {
    expect(() => decode(Buffer.from('{"type":"still"}'))).toThrow(CheckinError)
  }
})

test('a message of a bolt that a newer one may have is let through, and what is none is refused', () => {
  expect(decodeFromBolt(encodeMessage({ type: 'dance' }))).toEqual({ type: 'dance' })
  for (const text of ['[]', '3', 'null', '{"type":3}', '{']) {
    expect(() => decodeFromBolt(Buffer.from(text))).toThrow(CheckinError)
  }
})

test('how a run left the machine follows from its counts', () => {
  const of = (counts: Partial<StateCounts>, outcome: Run['outcome'] = 'completed') =>
    outcomeOf({ counts: { ...noCounts(), ...counts }, outcome })
  expect(of({})).toBe('converged')
  expect(of({ compliant: 3, skipped: 2 })).toBe('converged')
  expect(of({ compliant: 3, corrected: 1 })).toBe('changed')
  expect(of({ compliant: 3, 'would-change': 1 })).toBe('changed')
  expect(of({ compliant: 3, failed: 1 })).toBe('degraded')
  expect(of({ compliant: 3, 'failed-restart': 1 })).toBe('degraded')
  expect(of({ failed: 1, blocked: 2 })).toBe('failed')
  expect(of({ compliant: 3 }, 'interrupted')).toBe('degraded')
})
