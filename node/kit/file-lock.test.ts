import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FileLock, FileLockError } from './file-lock.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigo-lock-'))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

test('one has the lock, also within a process, and whoever waits gets it next', async () => {
  const path = join(folder, 'lock')
  const first = await FileLock.acquire(path, { waitMs: 0 })
  expect(await FileLock.try(path)).toBeNull()
  await expect(FileLock.acquire(path, { waitMs: 0 })).rejects.toThrow(FileLockError)
  const waiting = FileLock.acquire(path, { waitMs: 10_000 })
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  using second = await waiting
  expect(second).toBeInstanceOf(FileLock)
})

test('the lock of a process that was killed is free', async () => {
  const path = join(folder, 'lock')
  const module = JSON.stringify(new URL('./file-lock.ts', import.meta.url).href)
  const script = `const { FileLock } = await import(${module})
    globalThis.lock = await FileLock.try(${JSON.stringify(path)})
    console.log('locked')
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  expect(await FileLock.try(path)).toBeNull()
  child.kill('SIGKILL')
  await once(child, 'exit')
  using lock = await FileLock.acquire(path, { waitMs: 5000 })
  expect(lock).toBeInstanceOf(FileLock)
})

test('a wait ends with its signal, and what cannot be locked says what it must be', async () => {
  const path = join(folder, 'lock')
  using _first = await FileLock.acquire(path, { waitMs: 0 })
  const over = AbortSignal.abort(new Error('enough'))
  await expect(FileLock.acquire(path, { waitMs: 10_000, signal: over })).rejects.toThrow('enough')
  await expect(FileLock.try(join(folder, 'no/such/folder'))).rejects.toThrow('must be an empty file')
})
