import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Logger } from '#node/kit'
import { resource } from '../converge/fixture.ts'
import { labs, policy, until } from './fixture.ts'

const theLab = labs()

describe('secrets', () => {
  const holder = () =>
    policy([resource('a/x', { attributes: { key: 'a/x', value: 'secret:db/x' } })], { secrets: ['db/x'] })

  test('are asked for, used, and never written down', async () => {
    const lab = theLab()
    const { folder, toy, bolt } = lab
    const lines: string[] = []
    const note = (...parts: unknown[]): void => void lines.push(JSON.stringify(parts))
    const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
    bolt.secrets['db/x'] = 'correct horse battery'
    bolt.bundle = holder()
    bolt.stores = false
    await lab.startLoop({ logger })
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    expect(toy.values.get('a/x')).toBe('correct horse battery')
    expect(JSON.stringify(bolt.of('report'))).not.toContain('horse')
    expect(lines.join()).not.toContain('horse')
    const files = await readdir(folder, { recursive: true, withFileTypes: true })
    for (const file of files.filter(each => each.isFile())) {
      expect(await readFile(join(file.parentPath, file.name), 'utf8')).not.toContain('horse')
    }
  })

  test('that the server does not tell block what needs them, with its reason', async () => {
    const lab = theLab()
    const { bolt } = lab
    bolt.bundle = holder()
    const loop = await lab.startLoop()
    await until(() => expect(lab.states()).toEqual(['blocked']))
    expect(bolt.of('report')[0]?.run.results[0]?.message).toContain("'db/x' is not set")
    expect(loop.status().waiting.join()).toContain("'db/x' is not set")
  })

  test('are asked for again when they may have changed', async () => {
    const lab = theLab()
    const { toy, bolt } = lab
    bolt.secrets['db/x'] = 'the first value'
    bolt.bundle = holder()
    const loop = await lab.startLoop()
    await until(() => expect(bolt.of('report')).toHaveLength(1))
    bolt.secrets['db/x'] = 'the second value'
    await loop.passNow()
    expect(toy.values.get('a/x')).toBe('the first value')
    bolt.epoch++
    await loop.passNow()
    expect(toy.values.get('a/x')).toBe('the second value')
  })
})
