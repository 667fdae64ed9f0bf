import { expect, test } from 'vitest'
import type { ApiClient, BoltRow, SpannerStatus } from '#node/api'
import { type FollowOptions, followBolts, outcomeOf } from './follow.ts'

const NEW = 'a'.repeat(64)
const OLD = 'b'.repeat(64)

const report = (release: string, problem = ''): NonNullable<BoltRow['report']> => ({
  version: '1',
  release,
  configVersion: 1,
  loadedAt: 0,
  head: null,
  problem,
  envoys: { connected: 0, converged: 0, total: 0 },
  startedAt: 0,
})

const bolt = (hostname: string, follows: boolean, more: Partial<BoltRow> = {}): BoltRow => ({
  peer: hostname,
  hostname,
  isFounder: false,
  isSelf: false,
  isConnected: true,
  patterns: [],
  isDraining: false,
  home: { envoys: 0 },
  report: report(follows ? NEW : OLD),
  follows,
  ...more,
})

const status = (bolts: readonly BoltRow[], more: Partial<SpannerStatus> = {}): SpannerStatus => ({
  mode: 'spanner',
  server: 'one',
  project: null,
  head: null,
  release: NEW,
  state: 'settled',
  problem: '',
  heads: [],
  bolts: [...bolts],
  ...more,
})

/** A server that answers these one after the other, the last one again and again. */
async function follow(answers: readonly SpannerStatus[], options: Partial<FollowOptions> = {}) {
  const left = [...answers]
  const client = { call: async () => (left.length > 1 ? left.shift() : left[0]) } as unknown as ApiClient
  const told: string[] = []
  const followed = await followBolts(client, NEW, {
    wait: 'all',
    waitMs: 60_000,
    line: { show: () => undefined, clear: () => undefined },
    signal: new AbortController().signal,
    onBolt: ({ hostname }) => told.push(hostname),
    ...options,
  })
  return { ...followed, told }
}

test('each bolt is told once, when it has the release, until all have it', async () => {
  const { end, told } = await follow([
    status([bolt('one', true), bolt('two', false)]),
    status([bolt('one', true), bolt('two', false)]),
    status([bolt('one', true), bolt('two', true)]),
  ])
  expect([end, told]).toEqual(['all', ['one', 'two']])
})

test('what is not there when the time is over says why', async () => {
  const away = bolt('three', false, { isConnected: false, report: null })
  const refusing = bolt('four', false, { report: report(OLD, 'envoys.vgo: no such role') })
  const { end, bolts, told } = await follow([status([bolt('one', true), bolt('two', false), away, refusing])], {
    waitMs: 1,
  })
  expect([end, told]).toEqual(['late', ['one']])
  expect(bolts.map(({ bolt: name, state, problem }) => [name, state, problem])).toEqual([
    ['one', 'follows', ''],
    ['two', 'behind', 'it still has bbbbbbbbbbbb'],
    ['three', 'not-connected', 'it is not connected; it follows when it is back'],
    ['four', 'refused', 'envoys.vgo: no such role'],
  ])
})

test.each(['one', 'none'] as const)('who waits for %s looks once', async wait => {
  const { end } = await follow([status([bolt('one', true), bolt('two', false)]), status([])], { wait })
  expect(end).toBe('late')
})

test('nobody waits for a release that another one has taken the place of, or that is disputed', async () => {
  const late = [bolt('one', true), bolt('two', false)]
  expect((await follow([status(late, { release: OLD })])).end).toBe('superseded')
  expect((await follow([status(late, { state: 'diverged' })])).end).toBe('diverged')
})

test('waiting ends with its signal', async () => {
  const stop = new AbortController()
  const following = follow([status([bolt('two', false)])], { signal: stop.signal })
  stop.abort(new Error('interrupted'))
  await expect(following).rejects.toThrow('interrupted')
})

test('a bolt that answers nothing has not said what it has', () => {
  expect(outcomeOf(bolt('two', false, { report: null })).problem).toBe('it has not said what it has')
})
