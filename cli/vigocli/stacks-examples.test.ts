import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { renderDiagnostic } from '#config/lang'
import { lintTree } from '#config/lint'
import { candidateTree, publish, treeChecker, validateFolder } from '#config/publish'
import {
  compile,
  compileExample,
  diffEntries,
  loadConfig,
  loadFolder,
  Releases,
  readTree,
  releasePlaces,
  sampleTraits,
  type TreeFile,
} from '#config/store'
import { exampleHosts } from '../../config/store/diff/representatives.ts'

const folder = fileURLToPath(new URL('../../stacks-examples/', import.meta.url))
const examples = readdirSync(folder)
const temporary = mkdtempSync(join(tmpdir(), 'vigo-stacks-examples-'))

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

const textOf = ({ path, bytes }: TreeFile) => ({ path, text: Buffer.from(bytes).toString('utf8') })

test('there are the examples of the guide', () => {
  expect(examples).toEqual(['app-stack', 'motd', 'multi-environment', 'nginx', 'redis-container', 'sshd', 'users'])
})

describe.each(examples)('the example %s', name => {
  const stacks = join(folder, name)

  test('is as the linter leaves it, labels included, and nothing is wrong with it', async () => {
    const results = lintTree((await readTree(stacks)).files.map(textOf))
    expect(results.flatMap(({ diagnostics }) => diagnostics.map(renderDiagnostic))).toEqual([])
    expect(results.filter(({ source, file }) => source.text !== file.text).map(({ source }) => source.path)).toEqual([])
    const verdict = await validateFolder(stacks, { checker: treeChecker() })
    expect(verdict.diagnostics.map(renderDiagnostic)).toEqual([])
  })

  test('teaches: a crate has comments, and a sentence says what it is about', async () => {
    const sources = (await readTree(stacks)).files.map(textOf)
    const crates = sources.filter(({ path }) => path.includes('crates/'))
    expect(crates.some(({ text }) => /^ *# /m.test(text))).toBe(true)
    expect(await readFile(join(stacks, 'README.md'), 'utf8')).toMatch(new RegExp(`^# ${name}\n\n[A-Z].*\\.\n$`))
  })

  test('compiles for a host of each entry, on machines of every family', async () => {
    const store = await loadFolder(stacks)
    const hosts = exampleHosts(store)
    expect(hosts).toHaveLength(store.entries.length)
    for (const host of hosts) {
      const results = [
        compileExample(store, host),
        ...Array.from(sampleTraits.values(), traits => compile(store, host, traits)),
      ]
      for (const result of results) {
        expect(result.outcome).toBe('compiled')
        expect(result.outcome === 'compiled' && result.bundle.resources.length).toBeGreaterThan(0)
      }
    }
  })

  test('is published as a whole, and then there is nothing to publish', async () => {
    const copy = join(temporary, name)
    cpSync(stacks, join(copy, 'stacks'), { recursive: true })
    const releases = new Releases({ places: releasePlaces(copy) })
    const options = { releases, checker: treeChecker(), author: 'alice', skipUrlCheck: true }
    const published = await publish(options)
    expect(published).toMatchObject({ outcome: 'published', repaired: [], pruned: [], warnings: [] })
    expect(await publish(options)).toMatchObject({ outcome: 'nothing-to-publish', mended: [] })
    const live = await releases.live()
    const before = loadConfig((await releases.tree(live ?? '')).files.map(textOf))
    const candidate = loadConfig((await candidateTree(stacks, options)).map(textOf))
    expect(diffEntries(before, candidate)).toEqual({ groups: [], unchanged: before.entries.length, failed: [] })
  })
})

test('a changed variable of the multi-environment example is a change of the hosts of one entry', async () => {
  const stacks = join(temporary, 'changed')
  cpSync(join(folder, 'multi-environment'), stacks, { recursive: true })
  const before = await loadFolder(stacks)
  const path = join(stacks, 'environments.vgo')
  await writeFile(path, (await readFile(path, 'utf8')).replace('web_workers: 16', 'web_workers: 32'))
  const { groups, unchanged } = diffEntries(before, await loadFolder(stacks))
  expect(unchanged).toBe(2)
  expect(groups).toEqual([
    {
      hosts: ['host.a.example.com'],
      changes: [
        {
          kind: 'changed',
          id: 'web/web-config',
          type: 'file',
          values: [
            {
              name: 'content',
              before: 'port = 8080\nworkers = 16\nfeatures = search\n',
              after: 'port = 8080\nworkers = 32\nfeatures = search\n',
            },
          ],
        },
      ],
    },
  ])
})
