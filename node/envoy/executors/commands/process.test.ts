import { spawn } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { executorCompliance } from '../executors.compliance.ts'
import { applyTo, attributesFor, makeSandbox, runOptions, type Sandbox } from '../fixture.ts'
import { processExecutor } from './process.ts'
import { processesOf } from './process-table.ts'

/** A program of a name that nothing else has. */
const NAME = 'vigo-test-proc'
const named = (given: object = {}) =>
  attributesFor('process', { process: NAME, command: `exec "$VIGO_ROOT/${NAME}" 300`, timeout: 10, ...given })

async function sandbox(): Promise<Sandbox> {
  const box = await makeSandbox()
  await copyFile('/usr/bin/sleep', join(box.root, NAME))
  return {
    ...box,
    snapshot: async () => ({ ...(await box.snapshot()), running: String((await running(box)).length) }),
    [Symbol.asyncDispose]: async () => {
      for (const pid of await processesOf({ name: '.*', uid: null }, box.machine)) process.kill(pid, 'SIGKILL')
      await box[Symbol.asyncDispose]()
    },
  }
}

const running = (box: Sandbox) => processesOf({ name: NAME, uid: null }, box.machine)

executorCompliance(processExecutor, {
  makeMachine: sandbox,
  moments: 6,
  cases: [
    {
      name: 'a process',
      attributes: named({ command: `export SECRET=hunter2; exec "$VIGO_ROOT/${NAME}" 300` }),
      starts: { 'that does not run': async () => undefined },
      secrets: ['hunter2'],
    },
    {
      name: 'no process',
      attributes: named({ state: 'stopped' }),
      starts: {
        'where two run': async box => {
          for (const _ of ['first', 'second']) await box.machine.start(join(box.root, NAME), ['300'], runOptions())
          await eventually(async () => (await running(box)).length === 2)
        },
      },
    },
  ],
})

describe('a process', () => {
  test('of the real machine is not one of a sandbox', async () => {
    await using box = await sandbox()
    const stranger = spawn(join(box.root, NAME), ['300'], { stdio: 'ignore' })
    try {
      expect(await processExecutor.check(named(), box.machine, runOptions())).toMatchObject({ kind: 'different' })
      expect(await processExecutor.check(named({ state: 'stopped' }), box.machine, runOptions())).toEqual({
        kind: 'compliant',
      })
    } finally {
      stranger.kill('SIGKILL')
    }
  })

  test('that does not come up is told', async () => {
    await using box = await sandbox()
    const never = named({ command: 'exit 1', timeout: 0 })
    await expect(applyTo(box, processExecutor, never)).rejects.toThrow(`there is no process '${NAME}'`)
  })

  test('that does not end by the signal is told', async () => {
    await using box = await sandbox()
    await applyTo(box, processExecutor, named({ command: `trap '' HUP; exec "$VIGO_ROOT/${NAME}" 300` }))
    const stubborn = named({ state: 'stopped', signal: 'HUP', timeout: 0 })
    await expect(applyTo(box, processExecutor, stubborn)).rejects.toThrow("'signal: KILL' ends it for sure")
    await applyTo(box, processExecutor, named({ state: 'stopped', signal: 'KILL' }))
    expect(await running(box)).toEqual([])
  })
})

describe('the table of processes', () => {
  test('finds whole names only, by expression, and of one user', async () => {
    await using box = await sandbox()
    await applyTo(box, processExecutor, named())
    const find = async (name: string, uid: number | null = null) =>
      (await processesOf({ name, uid }, box.machine)).length
    expect([await find('vigo-test'), await find('vigo-test-.*'), await find(`${NAME}|x`), await find(NAME)]).toEqual([
      0, 1, 1, 1,
    ])
    expect([await find(NAME, 54321), await find(NAME, process.getuid?.() ?? 0)]).toEqual([0, 1])
    await expect(find('(')).rejects.toThrow('is no name of a process')
  })
})

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline; await sleep(10)) {
    if (await holds()) return
  }
  throw new Error('it did not happen')
}
