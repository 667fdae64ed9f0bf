import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Releases, releasePlaces } from '#config/store'
import { ExampleMachine } from '../e2e/transcript.ts'

let machine: ExampleMachine

beforeAll(async () => {
  machine = await ExampleMachine.open()
  for (const command of ['examples copy multi-environment', 'publish']) {
    expect((await machine.run(`vigocli config ${command}`)).code).toBe(0)
  }
})
afterAll(async () => await machine[Symbol.asyncDispose]())

const vigocli = (words: string) => machine.run(`vigocli config ${words}`)

describe('every verb that reads prints one JSON value with --json', () => {
  test.each([
    ['validate', { valid: true, counts: { configcrates: 3, roles: 1, envoyEntries: 3 } }],
    ['lint', { summary: { files: 10, errors: 0, changed: 0 } }],
    ['status', { published: true, stacks: { outcome: 'nothing-to-publish' } }],
    ['history', { entries: [{ number: 1, author: 'alice', kind: 'publish' }] }],
    ['diff --compiled', { files: { added: [], changed: [], removed: [] }, compiled: { groups: [], unchanged: 3 } }],
    ['show www.b.example.com', { host: 'www.b.example.com', environment: 'production' }],
    ['trace www.b.example.com web web_workers', { crates: [{ name: 'web', variables: [{ name: 'web_workers' }] }] }],
    ['tree', { roles: [{ name: 'web-server' }] }],
    ['search web-server', [{ kind: 'role', name: 'web-server' }]],
    ['publish --dry-run', { outcome: 'nothing-to-publish' }],
    ['promote staging production', { written: false, changed: ['web_workers', 'web_features'] }],
  ])('%s', async (verb, expected) => {
    const { output, code } = await vigocli(`${verb} --json`)
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject(expected)
  })

  test('examples list', async () => {
    expect(JSON.parse((await vigocli('examples list --json')).output)).toHaveLength(7)
  })
})

describe('exit codes and sentences', () => {
  test.each([
    ['publish --stacks /srv/vigo/nowhere', 3, /^vigocli: the folder \/srv\/vigo\/nowhere does not exist; create it/],
    ['lint nothing.vgo', 3, /^vigocli: there is no \/srv\/vigo\/stacks\/nothing\.vgo; name the files/],
    ['lint environments.vgo', 0, /^1 file, 0 errors, 0 warnings\n$/],
    ['show db1', 3, /^vigocli: no entry of envoys: in release [0-9a-f]{12} matches 'db1'/],
    ['show db1 --trait os', 2, /must be a path and a value, for example os\.family=debian/],
    ['show www.b.example.com --traits /nowhere', 2, /^vigocli: the traits cannot be read/],
    ['tree --from 99', 3, /^vigocli: the history has no release '99'/],
    ['search nothing-of-that-name', 3, /^nothing in the tree has such a name\n$/],
    ['rollback', 3, /^vigocli: there is nothing before release/],
    ['examples copy nginxx', 3, /^vigocli: there is no example 'nginxx'; there are app-stack, motd/],
    ['promote staging prod', 3, /^vigocli: environments\.vgo has no environment 'prod'; it has staging, production\n$/],
    ['promote staging production --env-file nothing.vgo', 3, /nothing\.vgo cannot be read: it is not there\n$/],
    ['publish --url-timeout soon', 2, /'soon' is not a duration/],
    ['freeze 3000d', 2, /is more than a year away/],
    ['unknown-verb', 2, /unknown command 'unknown-verb'/],
  ])('%s: %i', async (words, code, sentence) => {
    const ran = await vigocli(words)
    expect(ran.output).toMatch(sentence)
    expect(ran.code).toBe(code)
  })

  test('every verb has a help with an example or a sentence of its own', async () => {
    const { output } = await vigocli('--help')
    const verbs = [...output.matchAll(/^ {2}([a-z]+)(?: \[options\])?(?: |$)/gm)].map(match => match[1] ?? '')
    const own = verbs.filter(verb => verb !== 'help')
    expect(own.length).toBeGreaterThanOrEqual(14)
    const helps = await Promise.all(own.map(async verb => [verb, (await vigocli(`${verb} --help`)).output] as const))
    const without = helps.filter(([, help]) => !help.includes('  $ vigocli config ')).map(([verb]) => verb)
    expect(without).toEqual(['unfreeze', 'examples'])
  })
})

test('a reader that has enough ends the command without a word', async () => {
  const { output } = await vigocli('tree | head -1')
  expect(output).toMatch(/^release [0-9a-f]{12}\n$/)
})

test('Ctrl-C while another publishes ends with 130, and leaves nothing behind', async () => {
  const home = machine.path('/srv/vigo')
  const before = (await readdir(`${home}/releases`)).toSorted()
  const other = await new Releases({ places: releasePlaces(home) }).publisher({ doing: 'publish' })
  const program = fileURLToPath(new URL('../bin/vigocli', import.meta.url))
  const child = spawn(program, ['config', 'publish', '--home', home], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  const ended = new Promise(resolve => child.once('close', resolve))
  setTimeout(() => child.kill('SIGINT'), 5000)
  expect(await ended).toBe(130)
  expect(output).toBe('vigocli: interrupted\n')
  await other[Symbol.asyncDispose]()
  const after = (await readdir(`${home}/releases`)).filter(name => name !== '.publisher.json').toSorted()
  expect(after).toEqual(before.filter(name => name !== '.publisher.json'))
})
