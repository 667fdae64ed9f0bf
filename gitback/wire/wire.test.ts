import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BareRepository, NO_OBJECT, Quarantine } from '#gitback/repo'
import { type Host, type MemoryNetwork, memoryNetwork } from '#node/host'
import { silentLogger } from '#node/kit'
import { Workshop } from '../fixture.ts'
import { fetchObjects, serveUploadPack } from './index.ts'
import { UPLOAD_PACK_PROTOCOL } from './protocol.ts'

const project = 'ab'.repeat(32)
const signal = AbortSignal.timeout(60_000)

let shop: Workshop
let network: MemoryNetwork
let server: Host
let client: Host
let source: BareRepository
let target: BareRepository

beforeEach(async () => {
  shop = await Workshop.open()
  network = memoryNetwork()
  server = network.createHost({ peerId: 'server' })
  client = network.createHost({ peerId: 'client' })
  await client.connect(server.peerId)
  source = await shop.bare('source')
  target = await shop.bare('target')
  await shop.workTree('work', source)
})
afterEach(async () => {
  await server.close()
  await client.close()
  await shop[Symbol.asyncDispose]()
})

const give = () =>
  serveUploadPack({ host: server, logger: silentLogger, folderFor: async () => ({ folder: source.folder }) })

async function bring(wants: readonly string[], limits = {}): Promise<number> {
  await using quarantine = await Quarantine.open(target, limits)
  const options = { host: client, peer: server.peerId, project, repository: target, quarantine, wants, signal }
  const { bytes } = await fetchObjects(options)
  await quarantine.verify(wants, { signal })
  await quarantine.admit()
  return bytes
}

async function debris(): Promise<string[]> {
  const names = await readdir(join(target.folder, 'objects'))
  return names.filter(name => name.startsWith('incoming-'))
}

describe('fetching objects from a member', () => {
  test('brings a history, and then only what is new in it', async () => {
    await give()
    const text = Array.from({ length: 5000 }, (_, line) => `line ${line} ${Math.sin(line)}`).join('\n')
    const first = await shop.commit('work', { 'a.txt': text, 'b.txt': 'two' })
    const whole = await bring([first])
    await target.moveRefs([{ ref: 'refs/heads/main', from: NO_OBJECT, to: first }])
    await target.check()
    expect(await target.refs()).toEqual(new Map([['refs/heads/main', first]]))

    const second = await shop.commit('work', { 'a.txt': text.replace('line 77 ', 'line seventy-seven ') })
    const delta = await bring([second])
    await target.moveRefs([{ ref: 'refs/heads/main', from: first, to: second }])
    await target.check()
    expect(await target.isAncestor(first, second)).toBe(true)
    expect(delta).toBeLessThan(whole / 20)
    expect(await debris()).toEqual([])
  })

  test('takes nothing from a member that refuses, lacks the commit, or does not speak git', async () => {
    const commit = await shop.commit('work', { 'a.txt': 'one' })
    await serveUploadPack({
      host: server,
      logger: silentLogger,
      folderFor: async () => ({ refusal: 'you hold no seat' }),
    })
    await expect(bring([commit])).rejects.toMatchObject({ code: 'refused', message: /you hold no seat/ })

    const liar = network.createHost({ peerId: 'liar' })
    await client.connect(liar.peerId)
    await liar.serve(UPLOAD_PACK_PROTOCOL, { maxFrameBytes: 65_536 }, async stream => {
      await stream.receive()
      await stream.send(new TextEncoder().encode('{"ok":true}'))
      await stream.send(new TextEncoder().encode('HTTP/1.1 200 OK\r\n\r\n'))
      await stream.closeWrite()
    })
    await using quarantine = await Quarantine.open(target)
    const options = {
      host: client,
      peer: liar.peerId,
      project,
      repository: target,
      quarantine,
      wants: [commit],
      signal,
    }
    await expect(fetchObjects(options)).rejects.toMatchObject({ code: 'malformed' })
    await liar.close()
  })

  test('says so when the member does not have what is wanted', async () => {
    await give()
    await shop.commit('work', { 'a.txt': 'one' })
    await expect(bring(['12'.repeat(20)])).rejects.toMatchObject({ code: 'refused', message: /not our ref/ })
    expect(await debris()).toEqual([])
  })

  test('refuses a pack above its limit and a file above its limit, and keeps nothing of them', async () => {
    await give()
    const commit = await shop.commit('work', { 'zeros.bin': '0'.repeat(3_000_000) })
    await expect(bring([commit], { maxBlobBytes: 1_000_000 })).rejects.toMatchObject({
      code: 'too-large',
      message: /3000000 bytes/,
    })
    await expect(bring([commit], { maxPackBytes: 100 })).rejects.toMatchObject({
      code: expect.stringMatching(/too-large|bad-objects/),
    })
    expect(await target.has(commit)).toBe(false)
    expect(await debris()).toEqual([])
  })

  test('refuses trees that would write into .git, and histories with holes', async () => {
    await give()
    const blob = await shop.object(source, 'blob', 'evil')
    const dotGit = await shop.object(source, 'tree', `100644 blob ${blob}\t.git\n`)
    const evil = await shop.object(source, 'commit', dotGit)
    await expect(bring([evil])).rejects.toMatchObject({ code: 'bad-objects', message: /\.git/ })

    const first = await shop.commit('work', { 'a.txt': 'one' })
    const hollow = await shop.object(source, 'tree', `100644 blob ${'34'.repeat(20)}\tgone.txt\n`)
    const holed = await shop.object(source, 'commit', hollow, first)
    await expect(bring([holed])).rejects.toMatchObject({ code: expect.stringMatching(/bad-objects|refused|malformed/) })
    expect(await target.has(holed)).toBe(false)
    expect(await debris()).toEqual([])
  })

  test('refs move only from where they are expected to be, all or none', async () => {
    await give()
    const first = await shop.commit('work', { 'a.txt': 'one' })
    const second = await shop.commit('work', { 'a.txt': 'two' })
    await bring([second])
    await target.moveRefs([{ ref: 'refs/heads/main', from: NO_OBJECT, to: first }])
    const moves = [
      { ref: 'refs/heads/other', from: NO_OBJECT, to: first },
      { ref: 'refs/heads/main', from: second, to: second },
    ]
    await expect(target.moveRefs(moves)).rejects.toMatchObject({ code: 'conflict' })
    expect(await target.refs()).toEqual(new Map([['refs/heads/main', first]]))
    await target.moveRefs([{ ref: 'refs/heads/main', from: first, to: NO_OBJECT }])
    expect(await target.refs()).toEqual(new Map())
  })
})
