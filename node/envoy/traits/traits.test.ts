import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import canonicalize from 'canonicalize'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { evaluateWhen, parseWhen, type Value } from '#config/lang'
import { MAX_TRAITS_BYTES } from '#node/checkin'
import { type Clock, sha256Hex, silentLogger, systemClock } from '#node/kit'
import { type Collector, hostView, machineCollectors, TraitCollection, valueAt } from './index.ts'
import { fqdnOf } from './network.ts'
import { osRelease } from './os.ts'

let root: string
const { signal } = new AbortController()

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vigo-traits-'))
})
afterEach(() => rm(root, { recursive: true }))

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}

const collection = (given: Partial<ConstructorParameters<typeof TraitCollection>[0]> = {}) =>
  new TraitCollection({
    host: hostView('web.a', root),
    collectors: machineCollectors,
    clock: systemClock,
    logger: silentLogger,
    ...given,
  })

const collector = (name: string, given: Partial<Collector> = {}): Collector => ({
  name,
  freshness: 'volatile',
  collect: async () => ({ [name]: true }),
  ...given,
})

describe('traits of a machine', () => {
  test('answer the conditions of the language', async () => {
    await put('/etc/os-release', 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu \\"22\\""\n')
    await put('/run/libvirt/libvirt-sock', '')
    const { traits } = await collection().collect({ signal })
    const holds = (text: string): unknown => {
      const parsed = parseWhen(text)
      return parsed.ok ? evaluateWhen(parsed.expression, { traits: traits as Value & object as never }) : parsed
    }
    for (const text of [
      "os_family('debian')",
      "distro('ubuntu')",
      "version_ge('22.04')",
      "hostname('web.*')",
      'host_is_libvirt',
      '!is_container || is_container',
      'has_enough_ram || !has_enough_ram',
      "trait('services.manager', 'none')",
    ]) {
      expect([text, holds(text)]).toEqual([text, true])
    }
    expect(valueAt(traits, 'hardware.memory_mb')).toBeGreaterThan(0)
    expect(valueAt(traits, 'network.hostname')).toBe('web.a')
  })

  test('are read from what is there', async () => {
    await put('/etc/os-release', 'ID=alpine\nVERSION_ID=3.20.1\n')
    await put('/lib/apk/db/installed', 'P:musl\nV:1\n\nP:busybox\nV:2\n')
    await put('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbad line\n')
    await put('/home/ada/.vigo-puddle/identity.pub', `${'ab'.repeat(32)}\n`)
    await put('/run/.containerenv', '')
    await put(
      '/proc/self/mounts',
      'proc /proc proc rw 0 0\n/dev/sda1 /my\\040disk ext4 rw 0 0\nshm /x/containers/1/shm tmpfs rw 0 0\n',
    )
    const { traits } = await collection().collect({ signal })
    expect(traits).toMatchObject({
      os: { family: 'alpine', distro: 'alpine', version: '3.20.1' },
      packages: { manager: 'apk', count: 2 },
      users: { count: 2, people: ['ada'] },
      puddle: { initialized: true, puddles: [{ user: 'ada', puddle_pubkey: 'ab'.repeat(32) }] },
      is_container: true,
      virtualisation: { kind: 'podman' },
      mounts: [{ path: '/my disk', device: '/dev/sda1', fstype: 'ext4' }],
    })
  })

  test('of the real machine have the same hash twice, which is that of their canonical JSON', async () => {
    const real = collection({ host: hostView('web.a') })
    const { traits, hash } = await real.collect({ signal })
    expect(hash).toBe(sha256Hex(canonicalize(traits) ?? ''))
    expect((await real.collect({ signal })).hash).toBe(hash)
    expect(real.valueOf('os.family')).toEqual(expect.any(String))
    expect(real.valueOf('os.__proto__')).toBeUndefined()
  })

  test('come from files of any form', () => {
    expect(osRelease('').size).toBe(0)
    expect(osRelease('A=\'x y\'\nB=\n#C=1\n D="q\\""').get('D')).toBe('q"')
    expect(fqdnOf('web', '127.0.1.1 web.example.com web # x')).toBe('web.example.com')
    expect(fqdnOf('web', '')).toBe('web')
  })
})

describe('a collection', () => {
  test('leaves out a collector that fails or takes too long, and keeps the rest', async () => {
    const stuck = collector('stuck', { collect: () => new Promise(() => undefined) })
    const broken = collector('broken', { collect: () => Promise.reject(new Error('no')) })
    const { traits } = await collection({ collectors: [stuck, broken, collector('fine')], collectMs: 20 }).collect({
      signal,
    })
    expect(traits).toEqual({ fine: true })
  })

  test('does not start a stuck collector again beside itself, and keeps what a failing one found before', async () => {
    let calls = 0
    let works = true
    const stuck = collector('stuck', {
      collect: () => {
        calls++
        return new Promise(() => undefined)
      },
    })
    const flaky = collector('flaky', {
      collect: async () => {
        if (!works) throw new Error('not now')
        return { flaky: 1 }
      },
    })
    const both = collection({ collectors: [stuck, flaky], collectMs: 20 })
    await both.collect({ signal })
    works = false
    expect((await both.collect({ signal })).traits).toEqual({ flaky: 1 })
    expect(calls).toBe(1)
  })

  test('that one caller stops to wait for is there for another', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow = collector('slow', { collect: () => promise.then(() => ({ slow: true })) })
    const all = collection({ collectors: [slow] })
    const stop = new AbortController()
    const impatient = all.collect({ signal: stop.signal })
    const patient = all.collect({ signal })
    stop.abort()
    await expect(impatient).rejects.toMatchObject({ name: 'AbortError' })
    resolve()
    expect((await patient).traits).toEqual({ slow: true })
  })

  test('asks for what is volatile each time, for what is stable after minutes, and for the rest hourly', async () => {
    let nowMs = 0
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs }
    const counts = { volatile: 0, stable: 0, periodic: 0 }
    const collectors = (['volatile', 'stable', 'periodic'] as const).map(freshness =>
      collector(freshness, { freshness, collect: async () => ({ [freshness]: ++counts[freshness] }) }),
    )
    const all = collection({ collectors, clock })
    for (let minute = 0; minute <= 60; minute += 5) {
      nowMs = minute * 60_000
      await all.collect({ signal })
    }
    expect(counts).toEqual({ volatile: 13, stable: 7, periodic: 2 })
  })

  test('is never larger than a server takes', async () => {
    const big = (name: string, bytes: number) =>
      collector(name, { collect: async () => ({ [name]: 'x'.repeat(bytes) }) })
    const { traits } = await collection({
      collectors: [big('a', 300_000), big('b', 400_000), big('c', 100_000)],
    }).collect({ signal })
    expect(Object.keys(traits)).toEqual(['a', 'c'])
    expect(Buffer.byteLength(JSON.stringify(traits))).toBeLessThan(MAX_TRAITS_BYTES)
  })
})
