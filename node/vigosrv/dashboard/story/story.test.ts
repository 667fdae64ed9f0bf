import { describe, expect, test } from 'vitest'
import type { HistoryEntry } from '#config/store'
import type { FleetCounts } from '../../fleet/types.ts'
import type { RolloutStatus, StagedCanary } from '../../rollout/types.ts'
import { countsOf } from '../pages/envoys/fixture.ts'
import { harmedHosts, type StoryFacts, storyOf, subjectOf } from './story.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)
const NOW = Date.parse('2026-11-21T12:00:00.000Z')
const at = (minutesAgo: number): number => NOW - minutesAgo * 60_000

const IDLE: RolloutStatus = { monitor: { phase: 'idle' }, canary: null, verdicts: [] }

function entry(number: number, release: string, changes: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    number,
    release,
    kind: 'publish',
    author: 'anna',
    reason: '',
    time: new Date(at(60 - number * 10)).toISOString(),
    basedOn: null,
    restores: null,
    counts: { configcrates: 1, roles: 1, envoyEntries: 1 },
    files: 3,
    changes: { added: 0, changed: 1, removed: 0 },
    ...changes,
  }
}

function fleet(envoys: number, releases: Record<string, number>): FleetCounts {
  return { ...countsOf([]), envoys, releases }
}

function facts(changes: Partial<StoryFacts>): StoryFacts {
  return {
    live: A,
    entries: [entry(1, A)],
    rollout: IDLE,
    counts: fleet(4, { [A]: 4 }),
    failures: [],
    now: NOW,
    ...changes,
  }
}

const kinds = (changes: Partial<StoryFacts>): string[] => storyOf(facts(changes)).steps.map(({ kind }) => kind)

const staged: StagedCanary = {
  selector: '2',
  release: B,
  base: A,
  by: 'anna',
  since: at(39),
  hosts: ['h1', 'h2'],
  converged: [],
  failed: ['h1'],
}
const evidence = { judged: 3, harmed: 2, harmedHosts: ['h1', 'h3'], notJudged: 0 }

describe('the story of a release', () => {
  test('begins with the first one', () => {
    expect(storyOf(facts({ live: null, entries: [] }))).toMatchObject({ tone: 'quiet', steps: [], subject: null })
  })

  test('of one that everybody has is short', () => {
    const story = storyOf(facts({}))
    expect(story.headline).toBe('Release #1 is live everywhere')
    expect(story.tone).toBe('good')
    expect(story.steps.map(({ kind }) => kind)).toEqual(['published', 'spread'])
  })

  test('of one that is on its way says how far it is', () => {
    const story = storyOf(facts({ counts: fleet(4, { [A]: 1 }) }))
    expect(story.headline).toBe('Release #1 is on its way: 1 of 4 envoys have it')
    expect(story.progress).toEqual({ release: A, done: 1, total: 4 })
  })

  test('of one that canaries try first counts canaries only, and offers no end before there is one', () => {
    const rollout: RolloutStatus = { ...IDLE, canary: { ...staged, phase: 'watching', until: at(-5) } }
    const story = storyOf(facts({ live: B, entries: [entry(2, B, { basedOn: A }), entry(1, A)], rollout }))
    expect(story.headline).toBe('Release #2 is being tried on 2 canaries')
    expect(story.tone).toBe('warn')
    expect(story.progress).toEqual({ release: B, done: 1, total: 2 })
    expect(story.steps.map(({ kind }) => kind)).toEqual(['published', 'canaries'])
  })

  test('of one that was taken back is about that one, in order, up to what is live again', () => {
    const back = entry(3, A, { kind: 'rollback', author: 'monitor', basedOn: B, restores: 1 })
    const entries = [back, entry(2, B, { basedOn: A }), entry(1, A)]
    const verdict = { verdict: 'rollback' as const, release: B, to: A, reason: 'worse', evidence, at: at(31) }
    const rollout: RolloutStatus = {
      monitor: { phase: 'decided', verdict },
      canary: { ...staged, phase: 'stopped', at: at(31), reason: 'worse' },
      verdicts: [verdict],
    }
    const failure = { host: 'h1', peer: 'p', run: 'r', resource: 'web/service', message: 'did not start', at: at(35) }
    const story = storyOf(facts({ live: A, entries, rollout, failures: [failure], counts: fleet(4, { [A]: 4 }) }))
    expect(story.headline).toBe('Release #2 was rolled back; #3 is live')
    expect(story.subject?.number).toBe(2)
    expect(story.steps.map(({ kind }) => kind)).toEqual([
      'published',
      'canaries',
      'failures',
      'verdict',
      'stopped',
      'rolled-back',
      'spread',
    ])
    expect(story.steps.find(({ kind }) => kind === 'verdict')).toMatchObject({ to: { number: 1 } })
    expect(story.steps.find(({ kind }) => kind === 'rolled-back')).toMatchObject({
      entry: { number: 3 },
      to: { number: 1 },
    })
    expect(story.steps.find(({ kind }) => kind === 'failures')).toMatchObject({ more: 1 })
  })

  test('asks for a person when the monitor cannot tell', () => {
    const verdict = {
      verdict: 'inconclusive' as const,
      because: 'too-few-hosts' as const,
      release: A,
      reason: 'few',
      evidence,
      at: NOW,
    }
    const story = storyOf(facts({ rollout: { ...IDLE, verdicts: [verdict] } }))
    expect(story.tone).toBe('warn')
    expect(story.steps.map(({ kind }) => kind)).toContain('verdict')
  })

  test('takes no verdict or canary of an older release with other files for its own', () => {
    const verdict = { verdict: 'healthy' as const, release: B, reason: '', evidence, at: NOW }
    const canary = { ...staged, phase: 'promoted' as const, at: NOW, reason: '' }
    expect(kinds({ rollout: { monitor: { phase: 'idle' }, canary, verdicts: [verdict] } })).toEqual([
      'published',
      'spread',
    ])
  })

  test('takes no verdict from before it was made live again', () => {
    const verdict = { verdict: 'healthy' as const, release: A, reason: '', evidence, at: at(100) }
    expect(kinds({ rollout: { ...IDLE, verdicts: [verdict] } })).toEqual(['published', 'spread'])
  })
})

describe('its subject', () => {
  test('is what was live before a roll back, and the release itself otherwise', () => {
    const back = entry(3, A, { kind: 'rollback', basedOn: B, restores: 1 })
    expect(subjectOf(A, [back, entry(2, B), entry(1, A)]).subject?.number).toBe(2)
    expect(subjectOf(B, [entry(2, B), entry(1, A)]).subject?.number).toBe(2)
    expect(subjectOf(B, [back]).subject).toBe(null)
    expect(subjectOf(A, [back]).subject?.number).toBe(3)
  })

  test('names the hosts that it harmed once, whoever says so', () => {
    const verdict = { verdict: 'rollback' as const, release: B, to: A, reason: '', evidence, at: NOW }
    const canary = { ...staged, phase: 'watching' as const, until: NOW }
    const rollout: RolloutStatus = { monitor: { phase: 'decided', verdict }, canary, verdicts: [verdict] }
    expect(harmedHosts(entry(2, B), rollout)).toEqual(['h1', 'h3'])
    expect(harmedHosts(entry(1, A), rollout)).toEqual([])
  })
})
