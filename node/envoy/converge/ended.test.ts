import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { describe, expect, test } from 'vitest'
import { Run } from '#node/checkin'
import { bundle, labs, resource, states } from './fixture.ts'
import { converge, recoverRun } from './index.ts'

const theLab = labs()

describe('an agent that is ended', () => {
  const resources = [
    resource('a/x', { notify: ['a/s'] }),
    resource('a/y'),
    resource('a/s', { type: 'service', attributes: { key: 's' } }),
  ]

  test('stops soon, says what it did, and skips the rest', async () => {
    const lab = theLab()
    const stop = new AbortController()
    lab.toy.onApply = async key => {
      if (key === 'a/y') stop.abort()
    }
    const { run: report, results } = await lab.run(resources, { signal: stop.signal })
    expect(report.outcome).toBe('interrupted')
    expect(results.map(({ state }) => state)).toEqual(['changed', 'blocked', 'skipped'])
    lab.toy.onApply = async () => undefined
    await lab.restart()
    expect(states(await lab.run(resources))).toEqual({ 'a/x': 'compliant', 'a/y': 'changed', 'a/s': 'changed' })
  })

  /** Runs until the machine is asked to apply `key`, and leaves everything as a killed process does. */
  async function killedAt(key: string): Promise<void> {
    const lab = theLab()
    const reached = Promise.withResolvers<void>()
    const frozen = lab.toy
    frozen.onApply = each => {
      if (each !== key) return Promise.resolve()
      reached.resolve()
      return new Promise(() => undefined)
    }
    const order = { bundle: bundle(resources), mode: 'enforce', offline: false } as const
    void converge(order, lab.equipment, { signal: new AbortController().signal })
    await reached.promise
    lab.toy.onApply = async () => undefined
    await lab.restart()
  }

  test('by a kill tells afterwards how far it came, and the next run finishes, restart included', async () => {
    const lab = theLab()
    await killedAt('a/y')
    const report = await recoverRun(lab.equipment.journal, lab.equipment.memory)
    expect(report).toMatchObject({ outcome: 'interrupted', counts: { changed: 1, blocked: 1 } })
    expect(report?.results.map(({ id, state }) => [id, state])).toEqual([
      ['a/x', 'changed'],
      ['a/y', 'blocked'],
    ])
    expect(Value.Check(Run, report)).toBe(true)
    await lab.equipment.journal.clear()
    expect(await recoverRun(lab.equipment.journal, lab.equipment.memory)).toBeNull()
    expect(states(await lab.run(resources))).toEqual({ 'a/x': 'compliant', 'a/y': 'changed', 'a/s': 'changed' })
  })

  test('after a change and before it was written down still restarts what that change triggers', async () => {
    const lab = theLab()
    await killedAt('a/x')
    lab.toy.values.set('a/x', 'wanted')
    await recoverRun(lab.equipment.journal, lab.equipment.memory)
    expect(states(await lab.run(resources))).toMatchObject({ 'a/x': 'compliant', 'a/s': 'changed' })
  })

  test('by its own restart of the machine does not restart it again', async () => {
    const lab = theLab()
    resources[2] = resource('a/s', { type: 'reboot', attributes: { key: 's' } })
    await killedAt('s')
    await recoverRun(lab.equipment.journal, lab.equipment.memory)
    expect(states(await lab.run(resources))).toMatchObject({ 'a/s': 'skipped' })
  })

  test('leaves a torn line, which is no damage; damaged files are set aside', async () => {
    const lab = theLab()
    await killedAt('a/y')
    const file = join(lab.folder, 'run.journal')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.slice(0, -20))
    expect(await recoverRun(lab.equipment.journal, lab.equipment.memory)).toMatchObject({ counts: { changed: 1 } })
    await writeFile(file, `{"no":1}\n${text}`)
    expect(await recoverRun(lab.equipment.journal, lab.equipment.memory)).toBeNull()
    await writeFile(join(lab.folder, 'applied.json'), '{"format":1,"applied":{"a":7}}')
    await lab.restart()
    expect(lab.equipment.memory.owed.size).toBe(0)
    expect((await readdir(lab.folder)).filter(name => name.endsWith('.damaged')).sort()).toEqual([
      'applied.json.damaged',
      'run.journal.damaged',
    ])
  })
})
