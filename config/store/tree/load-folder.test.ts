import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bundleOf } from '../fixture.ts'
import { containers } from '../seeds.ts'
import { loadConfig, loadFolder } from './index.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-store-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), content)
}

test('a folder is loaded as its files are', async () => {
  for (const [path, text] of Object.entries(containers)) await write(path, text)
  await write('README.md', '# not of the tree')
  const store = await loadFolder(folder, { release: 'r1' })
  const files = Object.entries(containers).map(([path, text]) => ({ path, text }))
  const expected = loadConfig(files, { release: 'r1' })
  expect([...store.files]).toEqual([...expected.files])
  expect(store.diagnostics).toEqual(expected.diagnostics)
  expect(bundleOf(store, 'web1.app.example.com')).toEqual(bundleOf(expected, 'web1.app.example.com'))
})

test('what cannot be read is among the errors, with what can be', async () => {
  await write('configcrates/binary.vgo', new Uint8Array([0xff, 0xfe, 0x00]))
  await write('envoys.vgo', 'envoys:\n  - match: "*"\n    configcrates: [none]\n')
  const { diagnostics, hasErrors } = await loadFolder(folder)
  expect(hasErrors).toBe(true)
  expect(diagnostics.map(({ span }) => span.file.path)).toEqual(['configcrates/binary.vgo', 'envoys.vgo'])
})

test('a folder that is not there is told as such', async () => {
  await expect(loadFolder(join(folder, 'stakcs'))).rejects.toThrow(/stakcs does not exist/)
})
