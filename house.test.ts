import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

/** Who may import whom: imports point downwards only. A room is a folder with a door (`index.ts`). */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'node/kit': [],
  'node/host': ['node/kit'],
  'node/api': ['node/kit'],
  'node/api/server': ['node/kit'],
  swarm: ['swarm', 'node/host', 'node/kit'],
  'config/lang': ['node/kit'],
  'config/lint': ['config/lang', 'node/kit'],
  'config/store': ['config/lang', 'config/lint', 'node/kit'],
  'config/publish': ['config/store', 'config/lang', 'config/lint', 'node/kit'],
  curator: ['curator', 'swarm', 'node/host', 'node/kit'],
  gitback: ['gitback', 'swarm', 'node/host', 'node/kit'],
  'node/member': ['curator', 'gitback', 'swarm', 'node/api', 'node/host', 'node/kit'],
  'node/checkin': ['config/lang', 'config/store', 'node/host', 'node/kit'],
  'node/audit': ['node/kit'],
  'node/metrics': ['node/member', 'node/kit'],
  'config/secrets': ['node/kit'],
  'node/envoy': [
    'node/metrics',
    'node/checkin',
    'node/member',
    'curator',
    'gitback',
    'swarm',
    'config',
    'node/api',
    'node/host',
    'node/kit',
  ],
  'node/vigosrv': [
    'node/metrics',
    'node/audit',
    'node/checkin',
    'node/api/server',
    'node/member',
    'curator',
    'gitback',
    'swarm',
    'config',
    'node/api',
    'node/host',
    'node/kit',
  ],
  // Programs start the daemons and work on folders of configuration; everything else they do goes through the API.
  cli: [
    'cli',
    'node/envoy',
    'node/vigosrv',
    'node/api',
    'node/audit',
    'config/secrets',
    'config/lang',
    'config/lint',
    'config/store',
    'config/publish',
    'swarm/puddle/session',
    'node/kit',
  ],
  bench: ['bench', 'cli', 'config', 'curator', 'gitback', 'swarm', 'node'],
  'interop-tests': ['node/api', 'node/kit'],
}

const top = fileURLToPath(new URL('.', import.meta.url))
const tops = ['node', 'swarm', 'curator', 'gitback', 'config', 'cli', 'bench', 'interop-tests']

interface Import {
  readonly file: string
  readonly specifier: string
}

const files = tops.filter(folder => existsSync(join(top, folder))).flatMap(folder => sources(join(top, folder)))
const imports = files.flatMap(importsOf)

describe('the house', () => {
  test('is seen whole', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(imports.filter(({ specifier }) => specifier.startsWith('#')).length).toBeGreaterThan(300)
  })

  test('has imports that point downwards only', () => {
    const wrong = imports.filter(({ file, specifier }) => {
      if (!specifier.startsWith('#') || isTest(file)) return false
      const target = specifier.slice(1)
      return !rulesOf(file).some(prefix => target === prefix || target.startsWith(`${prefix}/`))
    })
    expect(wrong).toEqual([])
  })

  test('is entered through doors: relative imports stay in their folder tree', () => {
    const wrong = imports.filter(({ file, specifier }) => {
      if (!specifier.startsWith('.') || isTest(file)) return false
      const target = relative(top, join(top, dirname(file), specifier))
      return roomOf(target) !== roomOf(file)
    })
    expect(wrong).toEqual([])
  })

  test('never depends on its tests, benchmarks or interop', () => {
    const wrong = imports.filter(
      ({ file, specifier }) => !isTest(file) && /\.(?:test|sim|e2e|inside)\.ts$/.test(specifier),
    )
    expect(wrong).toEqual([])
  })
})

function sources(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(top, join(entry.parentPath, entry.name)))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(top, file), 'utf8')
  const found = text.matchAll(/(?:\bfrom|\bimport) ?\(?'([^'\n]+)'/g)
  return [...found].map(match => ({ file, specifier: match[1] ?? '' }))
}

/** Tests may look into any room that they test, and reach for the tools of other rooms' suites. */
function isTest(file: string): boolean {
  return /\.(?:test|sim|e2e|compliance|inside)\.ts$|\/fixture\.ts$|\/crash\/|\/e2e\/|\/machines\//.test(file)
}

/** The line of the table for the file's folder, and the folder's own room. */
function rulesOf(file: string): readonly string[] {
  const folder = dirname(file)
  const key = Object.keys(allowed)
    .filter(prefix => folder === prefix || folder.startsWith(`${prefix}/`))
    .sort((a, b) => b.length - a.length)[0]
  if (key === undefined) throw new Error(`${file}: its folder has no line in the table of who may import whom`)
  return [...(allowed[key] ?? []), ...(key === roomOf(file) ? [] : [roomOf(file)])]
}

/** What a relative import may not leave: `swarm/store`, `cli/vigo`, `bench` … */
function roomOf(file: string): string {
  return file.startsWith('bench/') ? 'bench' : file.split('/').slice(0, 2).join('/')
}
