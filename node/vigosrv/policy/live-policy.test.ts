import { rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { silentLogger, systemClock } from '#node/kit'
import { motd, TestHome } from './fixture.ts'
import { createPolicy } from './live-policy.ts'
import type { Policy, PolicyAnswer } from './types.ts'

const UNGUARDED = {
  ...motd('hello'),
  'configcrates/motd.vgo': 'name: motd\nresources:\n  - { name: go, type: exec, command: rm -rf /tmp/x }\n',
}
const BROKEN = { ...motd('hello'), 'envoys.vgo': 'envoys:\n  - match: "*"\n    configcrates: [gone]\n' }

const open = (home: TestHome): Promise<Policy> =>
  createPolicy({ releases: home.releases, clock: systemClock, logger: silentLogger })

function contentOf(answer: PolicyAnswer): unknown {
  return answer.kind === 'bundle' ? answer.bundle.resources[0]?.attributes['content'] : answer
}

describe('at the start', () => {
  test('nothing is live: every host is told to do nothing', async () => {
    await using home = await TestHome.create()
    const policy = await open(home)
    expect(policy).toMatchObject({ version: 0, release: null, store: null, problem: null })
    expect(policy.answerFor('web1.example.com', {})).toEqual({ kind: 'no-policy', reason: 'nothing is published yet' })
  })

  test('what was published is given out, and hosts that nothing matches get nothing', async () => {
    await using home = await TestHome.create()
    const release = await home.publish(motd('hello'))
    const policy = await open(home)
    expect(policy).toMatchObject({ version: 1, release, problem: null })
    expect(contentOf(policy.answerFor('web1.example.com', {}))).toBe('hello')
    expect(policy.answerFor('other.test', {})).toMatchObject({ kind: 'no-policy' })
  })

  test('errors of idempotency leave a server without policy that says why', async () => {
    await using home = await TestHome.create()
    await home.place(UNGUARDED)
    const policy = await open(home)
    expect(policy).toMatchObject({ version: 0, release: null, store: null })
    expect(policy.problem?.diagnostics.map(({ code }) => code)).toEqual(['unguarded'])
    expect(policy.answerFor('web1.example.com', {})).toEqual({
      kind: 'no-policy',
      reason: 'what is published is not valid',
    })
    await home.publish(motd('mended'))
    await policy.reload()
    expect(policy.problem).toBeNull()
    expect(contentOf(policy.answerFor('web1.example.com', {}))).toBe('mended')
  })

  test('errors of structure keep the server from starting, and the message shows where they are', async () => {
    await using home = await TestHome.create()
    await home.place(BROKEN)
    await expect(open(home)).rejects.toMatchObject({ code: 'bad-policy' })
    await expect(open(home)).rejects.toThrow(/envoys\.vgo:3:.*\[unknown-configcrate\]/)
  })

  test('one error of structure among errors of idempotency keeps it from starting as well', async () => {
    await using home = await TestHome.create()
    await home.place({ ...UNGUARDED, 'roles/broken.vgo': 'name: [' })
    await expect(open(home)).rejects.toMatchObject({ code: 'bad-policy' })
  })

  test('a .live that points nowhere keeps it from starting', async () => {
    await using home = await TestHome.create()
    await symlink('/etc', home.releases.places.live)
    await expect(open(home)).rejects.toMatchObject({ code: 'bad-live' })
  })
})

describe('a reload', () => {
  test('puts the new release in force and tells listeners once', async () => {
    await using home = await TestHome.create()
    await home.publish(motd('one'))
    const policy = await open(home)
    let told = 0
    policy.onChange(() => told++)
    const release = await home.publish(motd('two'))
    expect(await policy.reload()).toEqual({ version: 2, release, isChanged: true })
    expect(await policy.reload()).toEqual({ version: 2, release, isChanged: false })
    expect(told).toBe(1)
    expect(contentOf(policy.answerFor('web1.example.com', {}))).toBe('two')
  })

  test('and the making of bundles is told to who counts them', async () => {
    await using home = await TestHome.create()
    await home.publish(motd('one'))
    const seen: string[] = []
    const observer = {
      compiled: (durationMs: number) => void seen.push(durationMs >= 0 ? 'compiled' : 'negative'),
      reloaded: (outcome: string) => void seen.push(outcome),
    }
    const policy = await createPolicy({ releases: home.releases, clock: systemClock, logger: silentLogger, observer })
    policy.answerFor('web1.example.com', {})
    await policy.reload()
    await home.publish(motd('two'))
    await policy.reload()
    await home.place(BROKEN)
    await policy.reload()
    expect(seen).toEqual(['compiled', 'unchanged', 'loaded', 'refused'])
  })

  test('that is asked for ten times at once is done at most twice, and everybody sees the result', async () => {
    await using home = await TestHome.create()
    await home.publish(motd('one'))
    const policy = await open(home)
    const release = await home.publish(motd('two'))
    const answers = await Promise.all(Array.from({ length: 10 }, () => policy.reload()))
    expect(answers.every(answer => answer.release === release)).toBe(true)
    expect(policy.version).toBe(2)
  })

  test.each([
    ['unguarded', UNGUARDED],
    ['broken', BROKEN],
  ])('of a release that is %s leaves the old one in force and says what is wrong', async (_, files) => {
    await using home = await TestHome.create()
    const release = await home.publish(motd('good'))
    const policy = await open(home)
    await home.place(files)
    expect(await policy.reload()).toEqual({ version: 1, release, isChanged: false })
    expect(policy.problem?.diagnostics).toHaveLength(1)
    expect(contentOf(policy.answerFor('web1.example.com', {}))).toBe('good')
  })

  test('of a release whose folder is gone leaves the old one in force', async () => {
    await using home = await TestHome.create()
    await home.publish(motd('good'))
    const policy = await open(home)
    const gone = await home.publish(motd('gone'))
    await rm(home.releases.folder(gone), { recursive: true })
    await policy.reload()
    expect(policy.problem?.message).toContain(`${gone}, the folder of the live release, is gone`)
    expect(contentOf(policy.answerFor('web1.example.com', {}))).toBe('good')
  })

  test('sees what somebody changed inside the live release by hand', async () => {
    await using home = await TestHome.create()
    const release = await home.publish(motd('one'))
    const policy = await open(home)
    const file = join(home.releases.folder(release), 'configcrates/motd.vgo')
    await writeFile(file, motd('by hand')['configcrates/motd.vgo'] ?? '')
    expect(await policy.reload()).toMatchObject({ isChanged: true, version: 2 })
    expect(contentOf(policy.answerFor('web1.example.com', {}))).toBe('by hand')
  })

  test('that its caller gives up goes on for the others', async () => {
    await using home = await TestHome.create()
    await home.publish(motd('one'))
    const policy = await open(home)
    await home.publish(motd('two'))
    const patient = policy.reload()
    await expect(policy.reload({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
    expect(await patient).toMatchObject({ isChanged: true })
  })
})

describe('a staged release', () => {
  test('is for canaries only from its first moment on, until the staging says otherwise', async () => {
    await using home = await TestHome.create()
    const base = await home.publish(motd('base'))
    const policy = await open(home)
    let isStaged = true
    await policy.stageBy({
      baseOf: live => (isStaged && live !== base ? base : null),
      isCanary: host => host === CANARY,
    })
    const seen: unknown[] = []
    policy.onChange(() => seen.push(contentOf(policy.answerFor(OTHER, {}))))
    const staged = await home.publish(motd('staged'))
    await policy.reload()
    expect(contentOf(policy.answerFor(CANARY, {}))).toBe('staged')
    expect([policy.releaseFor(CANARY), policy.releaseFor(OTHER), policy.release]).toEqual([staged, base, staged])
    isStaged = false
    await policy.restage()
    expect(contentOf(policy.answerFor(OTHER, {}))).toBe('staged')
    expect(seen).toEqual(['base', 'staged'])
  })

  test('outlives a restart: the base is read from disk', async () => {
    await using home = await TestHome.create()
    const base = await home.publish(motd('base'))
    await home.publish(motd('staged'))
    const policy = await open(home)
    await policy.stageBy({ baseOf: () => base, isCanary: host => host === CANARY })
    expect(contentOf(policy.answerFor(OTHER, {}))).toBe('base')
    expect(contentOf(policy.answerFor(CANARY, {}))).toBe('staged')
  })

  test('whose base is gone is not put in force', async () => {
    await using home = await TestHome.create()
    await home.publish(motd('one'))
    const policy = await open(home)
    await policy.stageBy({ baseOf: live => (live === policy.release ? null : 'f'.repeat(64)), isCanary: () => false })
    await home.publish(motd('two'))
    await policy.reload()
    expect(policy.problem).not.toBeNull()
    expect(contentOf(policy.answerFor(OTHER, {}))).toBe('one')
  })
})

const CANARY = 'canary.example.com'
const OTHER = 'other.example.com'
