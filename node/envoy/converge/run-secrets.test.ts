import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ExecutorError } from '../executors/errors.ts'
import { labs, messageOf, resource, states } from './fixture.ts'
import { MASK } from './index.ts'

const theLab = labs()

describe('secrets', () => {
  const value = 'pa$$ "word" ä/1'
  const secret = () => resource('a/x', { attributes: { key: 'a/x', value: 'url=secret:db/url.', note: 'x' } })

  test('reach the machine and appear nowhere else, in no form', async () => {
    const lab = theLab()
    lab.equipment.secrets.learn({ 'db/url': value }, 1)
    lab.toy.onApply = async () => {
      throw new ExecutorError(
        'failed',
        `cannot write ${value} ${Buffer.from(value).toString('base64')} ${JSON.stringify(value)}`,
      )
    }
    const failed = await lab.run([secret()], { secrets: ['db/url'] })
    lab.toy.onApply = async () => undefined
    const changed = await lab.run([secret()], { secrets: ['db/url'] })
    expect(lab.toy.values.get('a/x')).toBe(`url=${value}.`)
    for (const told of [failed, changed]) {
      const text = JSON.stringify(told)
      expect(text).not.toContain('word')
      expect(text).not.toContain(Buffer.from(value).toString('base64').slice(0, 12))
      expect(text).toContain(MASK)
      expect(told.results[0]?.diff).toBeUndefined()
    }
    for (const file of await readdir(lab.folder))
      expect(await readFile(join(lab.folder, file), 'utf8')).not.toContain('word')
  })

  test('that are too short to be found again keep the resource silent', async () => {
    const lab = theLab()
    lab.equipment.secrets.learn({ 'db/url': 'q' }, 1)
    const { results } = await lab.run([secret()], { secrets: ['db/url'] })
    expect(results[0]).toMatchObject({ state: 'changed', changes: [{ from: MASK, to: MASK }] })
    expect(results[0]?.output).toBeUndefined()
  })

  test('that nobody has told block the resources that need them, and no others', async () => {
    const lab = theLab()
    const result = await lab.run([secret(), resource('a/y')], { secrets: ['db/url'] })
    expect(states(result)).toEqual({ 'a/x': 'blocked', 'a/y': 'changed' })
    expect(messageOf(result, 'a/x')).toContain('db/url')
    expect(lab.toy.values.has('a/x')).toBe(false)
  })

  test('that were rotated are an intended change, and text that only looks like one stays', async () => {
    const lab = theLab()
    lab.equipment.secrets.learn({ 'db/url': 'first value' }, 1)
    await lab.run([secret()], { secrets: ['db/url'] })
    lab.equipment.secrets.learn({ 'db/url': 'second value' }, 2)
    expect(states(await lab.run([secret()], { secrets: ['db/url'] }))).toEqual({ 'a/x': 'changed' })
    await lab.run([resource('a/p', { attributes: { key: 'p', value: 'secret:none' } })], { secrets: ['db/url'] })
    expect(lab.toy.values.get('p')).toBe('secret:none')
  })
})
