import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SecretStore } from '#config/secrets'
import { silentLogger } from '#node/kit'
import { WatchedSecrets } from './secrets.ts'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-secrets-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('values come from the store, and whoever listens hears of each change', async () => {
  const store = new SecretStore({ folder: join(folder, 'secrets') })
  await store.init()
  await store.set('db/password', 'one')
  const secrets = await WatchedSecrets.open(store, silentLogger)
  try {
    let changes = 0
    secrets.onChange(() => changes++)
    expect(await secrets.resolve(['db/password'], {})).toEqual({ 'db/password': 'one' })
    const before = secrets.epoch
    await store.set('db/password', 'two')
    await Promise.all([secrets.look(), secrets.look()])
    expect(secrets.epoch).not.toBe(before)
    expect(changes).toBe(1)
    expect(await secrets.resolve(['db/password'], {})).toEqual({ 'db/password': 'two' })
  } finally {
    await secrets.close()
  }
})

test('a path without a value is named, with what to do', async () => {
  const secrets = await WatchedSecrets.open(new SecretStore({ folder: join(folder, 'secrets') }), silentLogger)
  try {
    await expect(secrets.resolve(['db/password', 'db/user'], {})).rejects.toThrow(
      'there is no secret db/password, and 1 more are missing; set it: vigocli secrets set db/password',
    )
  } finally {
    await secrets.close()
  }
})

test('secrets that cannot be read are told of once and keep nobody from starting', async () => {
  const told: string[] = []
  const broken = {
    resolve: () => Promise.reject(new Error('broken')),
    missing: () => Promise.reject(new Error('broken')),
    epoch: () => Promise.reject(new Error('broken')),
  }
  const secrets = await WatchedSecrets.open(broken, { ...silentLogger, error: event => told.push(event) })
  try {
    await secrets.look()
    expect(told).toEqual(['secrets-unusable'])
    await expect(secrets.resolve(['a'], {})).rejects.toThrow('broken')
  } finally {
    await secrets.close()
  }
})
