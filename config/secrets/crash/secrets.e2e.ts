import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runKilled } from '../../../swarm/store/crash/run-killed.ts'
import { SecretStore } from '../secret-store.ts'
import { STATES } from './secrets-script.ts'

const SCRIPT = fileURLToPath(new URL('./secrets-script.ts', import.meta.url))

test('whoever is killed at any change of a file leaves every secret readable, as it was or as it was to be', async () => {
  let next = 1
  const untilTheEnd = async (): Promise<void> => {
    while (await survives(next++)) expect(next).toBeLessThan(1000)
  }
  await Promise.all([untilTheEnd(), untilTheEnd()])
  expect(next).toBeGreaterThan(60)
})

/** False when the script ended before it could be killed. */
async function survives(at: number): Promise<boolean> {
  const home = await mkdtemp(join(tmpdir(), 'vigo-secrets-crash-'))
  const folder = join(home, 'secrets')
  try {
    const { killed, acknowledged } = await runKilled({ script: SCRIPT, args: [folder], at })
    const note = `killed at ${at}`
    const store = new SecretStore({ folder })
    const done = acknowledged.length
    const before = await contents(store)
    expect([STATES[done], STATES[done + 1] ?? STATES[done]], note).toContainEqual(before)
    const epoch = await store.epoch()
    expect(epoch % 2, note).toBe(0)

    await store.init()
    await store.set('more', 'x')
    expect(await store.epoch(), note).toBeGreaterThan(epoch)
    await store.rotate()
    expect(await contents(store), note).toEqual({ ...before, more: 'x' })
    expect(await store.isRotating(), note).toBe(false)
    const left = await readdir(folder, { recursive: true })
    expect(
      left.filter(name => name.includes('.tmp-')),
      note,
    ).toEqual([])
    return killed
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function contents(store: SecretStore): Promise<Record<string, string>> {
  const { values } = await store.resolve(await store.list())
  return Object.fromEntries(values)
}
