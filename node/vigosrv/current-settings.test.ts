import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TSchema } from '@sinclair/typebox'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readSettings, ServerSettings } from '#node/member'
import { CurrentSettings, changedKeys } from './current-settings.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vs-'))
  file = join(folder, 'server.yaml')
})
afterEach(async () => await rm(folder, { recursive: true }))

const write = (text: string) => writeFile(file, text)

async function started(text: string): Promise<CurrentSettings> {
  await write(text)
  const settings = await readSettings<ServerSettings>(file, ServerSettings)
  if (settings === null) throw new Error('there is no file')
  return new CurrentSettings(file, settings)
}

describe('settings that are read again', () => {
  test('count at once, or are told as needing a restart, until they are as they were', async () => {
    const settings = await started('hostname: a\ncheckin: { interval: 5m }\nswarm: { mdns: true }\n')
    await write('hostname: a\ncheckin: { interval: 1m }\nswarm: { mdns: false, relay: "off" }\n')
    expect(await settings.reload()).toEqual(['swarm.mdns', 'swarm.relay'])
    expect(settings.now.checkin?.interval).toBe('1m')
    expect(await settings.reload()).toEqual(['swarm.mdns', 'swarm.relay'])
    await write('hostname: a\nswarm: { mdns: true }\n')
    expect(await settings.reload()).toEqual([])
  })

  test.each([
    ['hostname: [', /server\.yaml/],
    ['hostname: a\nchekin: {}\n', /chekin/],
    ['hostname: a\ncheckin: { interval: 1ms }\n', /checkin\.interval/],
    ['hostname: a\nruns: { keep: for ever }\n', /runs\.keep/],
  ])('with a fault change nothing: %j', async (text, message) => {
    const settings = await started('hostname: a\ncheckin: { interval: 5m }\n')
    await write(text)
    await expect(settings.reload()).rejects.toThrow(message)
    expect(settings.now.checkin?.interval).toBe('5m')
  })

  test('that are gone stay as they were', async () => {
    const settings = await started('hostname: a\n')
    await rm(file)
    await expect(settings.reload()).rejects.toMatchObject({ code: 'bad-settings' })
    expect(settings.now.hostname).toBe('a')
  })
})

test('changed keys are paths of leaves; a list is a leaf', () => {
  const before = { a: 1, b: { c: [1, 2], d: 'x' }, e: {} }
  const after = { a: 1, b: { c: [2, 1] }, f: { g: true } }
  expect(changedKeys(before, after).toSorted()).toEqual(['b.c', 'b.d', 'f.g'])
  expect(changedKeys(before, structuredClone(before))).toEqual([])
})

test('the page for operators has every key of server.yaml, and no other', async () => {
  const page = await readFile(new URL('../../docs/operate.md', import.meta.url), 'utf8')
  const [, table = ''] = page.split('## Settings')
  const rows =
    table
      .split('\n## ')[0]
      ?.split('\n')
      .filter(line => line.startsWith('| `')) ?? []
  const named = rows.flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, key = '']) => key))
  expect(named.toSorted()).toEqual(leaves(ServerSettings).toSorted())
})

function leaves(schema: TSchema, path = ''): string[] {
  const properties = schema['properties'] as Readonly<Record<string, TSchema>> | undefined
  if (properties === undefined) return [path]
  return Object.entries(properties).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`))
}
