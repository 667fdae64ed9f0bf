import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BundleResource } from '#config/store'
import { MAX_FROM_ENVOY_BYTES, Run } from '#node/checkin'
import { ExecutorError } from '../executors/errors.ts'
import { bundle, equip, resource, ToyMachine, temporaryFolder } from './fixture.ts'
import { type Converged, converge, type Equipment, MASK, recoverRun } from './index.ts'

let folder: string
let toy: ToyMachine
let equipment: Equipment

beforeEach(async () => {
  folder = await temporaryFolder()
  toy = new ToyMachine()
  equipment = await equip(toy, folder)
})
afterEach(() => rm(folder, { recursive: true }))

async function run(
  resources: readonly BundleResource[],
  given: { mode?: 'enforce' | 'dry-run'; secrets?: string[]; signal?: AbortSignal } = {},
): Promise<Converged> {
  const order = {
    bundle: bundle(resources, { secrets: given.secrets ?? [] }),
    mode: given.mode ?? 'enforce',
    offline: false,
  }
  const converged = await converge(order, equipment, { signal: given.signal ?? new AbortController().signal })
  expect(Value.Check(Run, converged.run)).toBe(true)
  await equipment.journal.clear()
  return converged
}

const states = ({ results }: Converged): Record<string, string> =>
  Object.fromEntries(results.map(({ id, state }) => [id, state]))
const messageOf = ({ results }: Converged, id: string): string => results.find(each => each.id === id)?.message ?? ''

describe('a run', () => {
  test('puts right what is new, finds it compliant, and tells drift from intended change', async () => {
    const old = resource('a/x')
    expect(states(await run([old]))).toEqual({ 'a/x': 'changed' })
    expect(states(await run([old]))).toEqual({ 'a/x': 'compliant' })
    toy.values.set('a/x', 'by hand')
    expect(states(await run([old]))).toEqual({ 'a/x': 'corrected' })
    const next = resource('a/x', { attributes: { key: 'a/x', value: 'other' } })
    expect(states(await run([next]))).toEqual({ 'a/x': 'changed' })
    equipment = await equip(toy, folder)
    toy.values.set('a/x', 'by hand')
    expect(states(await run([next]))).toEqual({ 'a/x': 'corrected' })
  })

  test('does not count a failure to put drift right as new afterwards', async () => {
    await run([resource('a/x')])
    toy.values.delete('a/x')
    toy.broken.set('apply a/x', new ExecutorError('failed', 'no'))
    expect(states(await run([resource('a/x')]))).toEqual({ 'a/x': 'failed' })
    toy.broken.clear()
    expect(states(await run([resource('a/x')]))).toEqual({ 'a/x': 'corrected' })
  })

  test('reports only what is neither compliant nor skipped, and counts all', async () => {
    toy.values.set('a/x', 'wanted')
    const { run: report } = await run([
      resource('a/x'),
      resource('a/y'),
      resource('a/s', { type: 'service', attributes: { key: 's' } }),
    ])
    expect(report.results.map(({ id }) => id)).toEqual(['a/y'])
    expect(report.counts).toMatchObject({ compliant: 1, changed: 1, skipped: 1, failed: 0 })
  })

  test('blocks what depends on a failure, names the culprit, and goes on with the rest', async () => {
    toy.broken.set('apply a/x', new ExecutorError('failed', 'no'))
    const result = await run([
      resource('a/x'),
      resource('a/y', { dependsOn: ['a/x'] }),
      resource('a/z', { dependsOn: ['a/y'] }),
      resource('b/free'),
    ])
    expect(states(result)).toEqual({ 'a/x': 'failed', 'a/y': 'blocked', 'a/z': 'blocked', 'b/free': 'changed' })
    expect(messageOf(result, 'a/y')).toBe("not tried, because it depends on 'a/x', which failed")
    expect(messageOf(result, 'a/z')).toBe("not tried, because it depends on 'a/y', and 'a/x' failed")
  })

  test('says blocked when the machine is in the way, and failed for anything else that is thrown', async () => {
    toy.broken.set('apply a/x', new ExecutorError('blocked', 'the disk is full'))
    toy.broken.set('check a/y', new TypeError('a bug'))
    toy.broken.set('apply a/z', new ExecutorError('unsafe', 'a link'))
    const result = await run([resource('a/x'), resource('a/y'), resource('a/z')])
    expect(states(result)).toEqual({ 'a/x': 'blocked', 'a/y': 'failed', 'a/z': 'failed' })
    expect(messageOf(result, 'a/x')).toBe('the disk is full')
  })

  test('checks again after applying, and says what still differs', async () => {
    toy.broken.set('keep a/x', new Error('unused'))
    const result = await run([resource('a/x')])
    expect(states(result)).toEqual({ 'a/x': 'failed' })
    expect(messageOf(result, 'a/x')).toContain('still differs: value is , not wanted')
  })

  test('does not touch what is refused, has no executor here, or is outside of a sandbox', async () => {
    const sandboxed = { ...toy.machine, isSandboxed: true, root: '/tmp/root' }
    equipment = {
      ...equipment,
      machine: sandboxed,
      refusalOf: ({ id }) => (id === 'a/own' ? 'the agent protects itself' : null),
    }
    const result = await run([
      resource('a/own'),
      resource('a/new', { type: 'hologram' }),
      resource('a/host', { type: 'host-value' }),
    ])
    expect(states(result)).toEqual({ 'a/own': 'blocked', 'a/new': 'blocked', 'a/host': 'blocked' })
    expect(messageOf(result, 'a/host')).toContain('allow_host')
    expect(toy.log).toEqual([])
    equipment = { ...equipment, allowHost: true }
    expect(states(await run([resource('a/host', { type: 'host-value' })]))).toEqual({ 'a/host': 'changed' })
  })

  test('stops a resource that takes too long, and goes on', async () => {
    const limits = { ...equipment.limits, resourceMs: 20, graceMs: 0, stopMs: 50 }
    equipment = { ...equipment, limits }
    toy.onApply = async (key, signal) => {
      if (key === 'a/slow') await new Promise((_resolve, reject) => signal.addEventListener('abort', reject))
      if (key === 'a/deaf') await new Promise(() => undefined)
    }
    const result = await run([resource('a/slow'), resource('a/deaf'), resource('a/y')])
    expect(states(result)).toEqual({ 'a/slow': 'failed', 'a/deaf': 'failed', 'a/y': 'changed' })
    expect(messageOf(result, 'a/deaf')).toContain('did not stop')
  })

  test('is ended when it takes too long as a whole', async () => {
    equipment = { ...equipment, limits: { ...equipment.limits, runMs: 20 } }
    toy.onApply = (_key, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject))
    const { run: report, results } = await run([resource('a/x'), resource('a/y')])
    expect(report.outcome).toBe('interrupted')
    expect(results.map(({ state }) => state)).toEqual(['blocked', 'skipped'])
    expect(results[0]?.message).toContain('the run took longer than 20 ms')
  })

  test('keeps a report of many long failures below the size of a message, the failures first', async () => {
    const long = 'é'.repeat(16_000)
    const many = Array.from({ length: 1500 }, (_, at) =>
      resource(`a/n${at}`, { attributes: { key: `n${at}`, value: long, note: long } }),
    )
    toy.broken.set('apply n1400', new ExecutorError('failed', long))
    const { run: report } = await run(many)
    expect(Buffer.byteLength(JSON.stringify(report))).toBeLessThan(MAX_FROM_ENVOY_BYTES)
    expect(report.results.map(({ id }) => id)).toContain('a/n1400')
    expect(report.results.length + report.resultsLeftOut).toBe(1500)
  })
})

describe('triggers', () => {
  const restarted = (given: Partial<BundleResource> = {}) =>
    resource('a/s', { type: 'service', attributes: { key: 's' }, ...given })

  test('act once when something has changed, whichever side names the other', async () => {
    const result = await run([
      resource('a/x', { notify: ['a/s'] }),
      resource('a/y'),
      restarted({ subscribes: ['a/y'] }),
    ])
    expect(states(result)).toMatchObject({ 'a/s': 'changed' })
    expect(toy.log.filter(line => line === 'apply s')).toHaveLength(1)
    expect(states(await run([resource('a/x', { notify: ['a/s'] }), restarted()]))).toMatchObject({ 'a/s': 'skipped' })
  })

  test('are drift when what they follow was drift', async () => {
    const resources = [resource('a/x', { notify: ['a/s'] }), restarted()]
    await run(resources)
    toy.values.set('a/x', 'by hand')
    expect(states(await run(resources))).toEqual({ 'a/x': 'corrected', 'a/s': 'corrected' })
  })

  test('from a resource that comes later give one more turn at the end', async () => {
    const result = await run([restarted(), resource('a/x', { notify: ['a/s'] }), resource('a/y')])
    expect(states(result)).toEqual({ 'a/s': 'changed', 'a/x': 'changed', 'a/y': 'changed' })
    expect(toy.log.at(-1)).toBe('apply s')
  })

  test('in a circle end, and do not go round again in the next run', async () => {
    const resources = [
      restarted({ notify: ['a/t'] }),
      resource('a/t', { type: 'service', attributes: { key: 't' }, notify: ['a/s'] }),
      resource('a/x', { notify: ['a/s'] }),
    ]
    await run(resources)
    expect(toy.log.filter(line => line.startsWith('apply')).length).toBeLessThanOrEqual(6)
    const before = toy.log.length
    expect(states(await run(resources))).toEqual({ 'a/s': 'skipped', 'a/t': 'skipped', 'a/x': 'compliant' })
    expect(toy.log.slice(before).filter(line => line.startsWith('apply'))).toEqual([])
  })

  test('hold a condition on changes', async () => {
    const gated = resource('a/g', { when: 'changed', subscribes: ['a/x'] })
    toy.values.set('a/x', 'wanted')
    expect(states(await run([resource('a/x'), gated]))).toEqual({ 'a/x': 'compliant', 'a/g': 'skipped' })
    toy.values.delete('a/x')
    expect(states(await run([resource('a/x'), gated]))).toEqual({ 'a/x': 'corrected', 'a/g': 'changed' })
  })

  test('are not lost when a service does not start again: the next run tries it', async () => {
    const resources = [resource('a/x', { notify: ['a/s'] }), restarted(), resource('a/z', { dependsOn: ['a/s'] })]
    toy.broken.set('apply s', new ExecutorError('failed', 'exit code 1'))
    expect(states(await run(resources))).toEqual({ 'a/x': 'changed', 'a/s': 'failed-restart', 'a/z': 'blocked' })
    equipment = await equip(toy, folder)
    expect(states(await run(resources))).toMatchObject({ 'a/x': 'compliant', 'a/s': 'failed-restart' })
    toy.broken.clear()
    expect(states(await run(resources))).toEqual({ 'a/x': 'compliant', 'a/s': 'changed', 'a/z': 'changed' })
    expect(states(await run(resources))).toMatchObject({ 'a/s': 'skipped' })
  })
})

describe('conditions', () => {
  test('are asked of the machine, and those that cannot be told are failures', async () => {
    toy.traits.set('os.family', 'debian')
    const result = await run([
      resource('a/dir', { when: `dir_exists('${folder}') && os_family('debian')` }),
      resource('a/no', { when: `file_exists('${folder}') || command_succeeds('false')` }),
      resource('a/yes', { when: "command_succeeds('true')" }),
      resource('a/trait', { when: "trait('no.such', 'x')" }),
      resource('a/bad', { when: 'no_such_function(' }),
      resource('a/service', { when: "service_running('s')" }),
    ])
    expect(states(result)).toEqual({
      'a/dir': 'changed',
      'a/no': 'skipped',
      'a/yes': 'changed',
      'a/trait': 'failed',
      'a/bad': 'failed',
      'a/service': 'blocked',
    })
    expect(messageOf(result, 'a/no')).toContain('its condition does not hold')
  })
})

describe('a dry run', () => {
  const dry = { mode: 'dry-run' } as const

  test('changes nothing, writes nothing, and says what would change', async () => {
    const result = await run([resource('a/x', { notify: ['a/s'] }), resource('a/s', { type: 'service' })], dry)
    expect(states(result)).toEqual({ 'a/x': 'would-change', 'a/s': 'would-change' })
    expect(toy.log.filter(line => line.startsWith('apply'))).toEqual([])
    expect(await readdir(folder)).toEqual([])
  })

  test('cannot tell what depends on something that would change, unless it differs already', async () => {
    toy.values.set('a/y', 'wanted')
    toy.broken.set('check a/w', new ExecutorError('blocked', 'no such program'))
    const result = await run(
      [
        resource('a/x'),
        resource('a/y', { dependsOn: ['a/x'] }),
        resource('a/z', { dependsOn: ['a/x'] }),
        resource('a/w', { dependsOn: ['a/y'] }),
        resource('a/g', { dependsOn: ['a/x'], when: "command_succeeds('false')" }),
        resource('a/c', { dependsOn: ['a/x'], when: 'changed' }),
      ],
      dry,
    )
    expect(states(result)).toEqual({
      'a/x': 'would-change',
      'a/y': 'unknown-in-check',
      'a/z': 'would-change',
      'a/w': 'unknown-in-check',
      'a/g': 'unknown-in-check',
      'a/c': 'skipped',
    })
    expect(messageOf(result, 'a/y')).toContain("'a/x' would change before")
  })
})

describe('secrets', () => {
  const value = 'pa$$ "word" ä/1'
  const secret = () => resource('a/x', { attributes: { key: 'a/x', value: 'url=secret:db/url.', note: 'x' } })

  test('reach the machine and appear nowhere else, in no form', async () => {
    equipment.secrets.learn({ 'db/url': value }, 1)
    toy.onApply = async () => {
      throw new ExecutorError(
        'failed',
        `cannot write ${value} ${Buffer.from(value).toString('base64')} ${JSON.stringify(value)}`,
      )
    }
    const failed = await run([secret()], { secrets: ['db/url'] })
    toy.onApply = async () => undefined
    const changed = await run([secret()], { secrets: ['db/url'] })
    expect(toy.values.get('a/x')).toBe(`url=${value}.`)
    for (const told of [failed, changed]) {
      const text = JSON.stringify(told)
      expect(text).not.toContain('word')
      expect(text).not.toContain(Buffer.from(value).toString('base64').slice(0, 12))
      expect(text).toContain(MASK)
      expect(told.results[0]?.diff).toBeUndefined()
    }
    for (const file of await readdir(folder)) expect(await readFile(join(folder, file), 'utf8')).not.toContain('word')
  })

  test('that are too short to be found again keep the resource silent', async () => {
    equipment.secrets.learn({ 'db/url': 'q' }, 1)
    const { results } = await run([secret()], { secrets: ['db/url'] })
    expect(results[0]).toMatchObject({ state: 'changed', changes: [{ from: MASK, to: MASK }] })
    expect(results[0]?.output).toBeUndefined()
  })

  test('that nobody has told block the resources that need them, and no others', async () => {
    const result = await run([secret(), resource('a/y')], { secrets: ['db/url'] })
    expect(states(result)).toEqual({ 'a/x': 'blocked', 'a/y': 'changed' })
    expect(messageOf(result, 'a/x')).toContain('db/url')
    expect(toy.values.has('a/x')).toBe(false)
  })

  test('that were rotated are an intended change, and text that only looks like one stays', async () => {
    equipment.secrets.learn({ 'db/url': 'first value' }, 1)
    await run([secret()], { secrets: ['db/url'] })
    equipment.secrets.learn({ 'db/url': 'second value' }, 2)
    expect(states(await run([secret()], { secrets: ['db/url'] }))).toEqual({ 'a/x': 'changed' })
    await run([resource('a/p', { attributes: { key: 'p', value: 'secret:none' } })], { secrets: ['db/url'] })
    expect(toy.values.get('p')).toBe('secret:none')
  })
})

describe('an agent that is ended', () => {
  const resources = [
    resource('a/x', { notify: ['a/s'] }),
    resource('a/y'),
    resource('a/s', { type: 'service', attributes: { key: 's' } }),
  ]

  test('stops soon, says what it did, and skips the rest', async () => {
    const stop = new AbortController()
    toy.onApply = async key => {
      if (key === 'a/y') stop.abort()
    }
    const { run: report, results } = await run(resources, { signal: stop.signal })
    expect(report.outcome).toBe('interrupted')
    expect(results.map(({ state }) => state)).toEqual(['changed', 'blocked', 'skipped'])
    toy.onApply = async () => undefined
    equipment = await equip(toy, folder)
    expect(states(await run(resources))).toEqual({ 'a/x': 'compliant', 'a/y': 'changed', 'a/s': 'changed' })
  })

  /** Runs until the machine is asked to apply `key`, and leaves everything as a killed process does. */
  async function killedAt(key: string): Promise<void> {
    const reached = Promise.withResolvers<void>()
    const frozen = toy
    frozen.onApply = each => {
      if (each !== key) return Promise.resolve()
      reached.resolve()
      return new Promise(() => undefined)
    }
    const order = { bundle: bundle(resources), mode: 'enforce', offline: false } as const
    void converge(order, equipment, { signal: new AbortController().signal })
    await reached.promise
    toy.onApply = async () => undefined
    equipment = await equip(toy, folder)
  }

  test('by a kill tells afterwards how far it came, and the next run finishes, restart included', async () => {
    await killedAt('a/y')
    const report = await recoverRun(equipment.journal, equipment.memory)
    expect(report).toMatchObject({ outcome: 'interrupted', counts: { changed: 1, blocked: 1 } })
    expect(report?.results.map(({ id, state }) => [id, state])).toEqual([
      ['a/x', 'changed'],
      ['a/y', 'blocked'],
    ])
    expect(Value.Check(Run, report)).toBe(true)
    await equipment.journal.clear()
    expect(await recoverRun(equipment.journal, equipment.memory)).toBeNull()
    expect(states(await run(resources))).toEqual({ 'a/x': 'compliant', 'a/y': 'changed', 'a/s': 'changed' })
  })

  test('after a change and before it was written down still restarts what that change triggers', async () => {
    await killedAt('a/x')
    toy.values.set('a/x', 'wanted')
    await recoverRun(equipment.journal, equipment.memory)
    expect(states(await run(resources))).toMatchObject({ 'a/x': 'compliant', 'a/s': 'changed' })
  })

  test('by its own restart of the machine does not restart it again', async () => {
    resources[2] = resource('a/s', { type: 'reboot', attributes: { key: 's' } })
    await killedAt('s')
    await recoverRun(equipment.journal, equipment.memory)
    expect(states(await run(resources))).toMatchObject({ 'a/s': 'skipped' })
  })

  test('leaves a torn line, which is no damage; damaged files are set aside', async () => {
    await killedAt('a/y')
    const file = join(folder, 'run.journal')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.slice(0, -20))
    expect(await recoverRun(equipment.journal, equipment.memory)).toMatchObject({ counts: { changed: 1 } })
    await writeFile(file, `{"no":1}\n${text}`)
    expect(await recoverRun(equipment.journal, equipment.memory)).toBeNull()
    await writeFile(join(folder, 'applied.json'), '{"format":1,"applied":{"a":7}}')
    equipment = await equip(toy, folder)
    expect(equipment.memory.owed.size).toBe(0)
    expect((await readdir(folder)).filter(name => name.endsWith('.damaged')).sort()).toEqual([
      'applied.json.damaged',
      'run.journal.damaged',
    ])
  })
})
