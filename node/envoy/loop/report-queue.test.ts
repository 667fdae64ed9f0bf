import { randomBytes } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { noCounts, type Run } from '#node/checkin'
import { silentLogger, toHex } from '#node/kit'
import { temporaryFolder } from '../converge/fixture.ts'
import { ReportQueue } from './report-queue.ts'

let folder: string

beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => rm(folder, { recursive: true }))

const open = (given: Partial<Parameters<typeof ReportQueue.open>[0]> = {}) =>
  ReportQueue.open({ folder, logger: silentLogger, ...given })

function report(given: Partial<Run['counts']> = { compliant: 1 }): Run {
  return {
    id: toHex(randomBytes(16)),
    release: '',
    bundle: 'ab'.repeat(32),
    mode: 'enforce',
    startedAt: 1,
    durationMs: 1,
    outcome: 'completed',
    offline: false,
    counts: { ...noCounts(), ...given },
    results: [],
    resultsLeftOut: 0,
  }
}

const full = async (): Promise<void> => {
  throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
}

describe('the queue of reports', () => {
  test('hands them out in order, also after a restart, each until it is stored', async () => {
    const [a, b, c] = [report(), report(), report()]
    const queue = await open()
    for (const run of [a, b, b, a, c]) await queue.add(run)
    expect(queue.size).toBe(3)
    const again = await open()
    for (const run of [a, b, c]) {
      expect(again.oldest).toBe(run.id)
      expect(await again.read(run.id)).toEqual(run)
      await again.stored(run.id)
      await again.stored(run.id)
    }
    expect(again.oldest).toBeNull()
    expect(await readdir(folder)).toEqual([])
    await again.add(a)
    expect((await open()).oldest).toBe(a.id)
  })

  test('gives up the oldest without news first, then the oldest, and says how many', async () => {
    const queue = await open({ maxReports: 3 })
    const runs = [report({ failed: 1 }), report(), report({ corrected: 1 }), report(), report({ changed: 1 })]
    for (const run of runs) await queue.add(run)
    expect(queue.dropped).toBe(2)
    const left: string[] = []
    while (queue.oldest !== null) {
      left.push(queue.oldest)
      await queue.stored(queue.oldest)
    }
    expect(left).toEqual([runs[0]?.id, runs[2]?.id, runs[4]?.id])
    const loud = await open({ maxReports: 2 })
    const failures = [report({ failed: 1 }), report({ failed: 1 }), report({ failed: 1 })]
    for (const run of failures) await loud.add(run)
    expect(loud.oldest).toBe(failures[1]?.id)
  })

  test('keeps to its bytes', async () => {
    const queue = await open({ maxBytes: 2_000 })
    for (let n = 0; n < 20; n++) await queue.add(report({ failed: 1 }))
    expect(queue.size).toBeGreaterThan(1)
    expect(queue.size).toBeLessThan(8)
  })

  test('on a full disk keeps reports in memory, as many as are bearable', async () => {
    const queue = await open({ write: full })
    const first = report()
    await queue.add(first)
    expect(await queue.read(first.id)).toEqual(first)
    for (let n = 0; n < 100; n++) await queue.add(report())
    expect(queue.size).toBe(50)
    expect(queue.dropped).toBe(51)
    while (queue.oldest !== null) await queue.stored(queue.oldest)
    expect(queue.size).toBe(0)
  })

  test('sets damaged files aside, and goes on with the rest', async () => {
    const queue = await open()
    const [a, b, c] = [report(), report(), report()]
    for (const run of [a, b, c]) await queue.add(run)
    const [first = '', second = ''] = (await readdir(folder)).sort()
    await writeFile(join(folder, first), '{"id":"x"}')
    const again = await open()
    expect(again.oldest).toBe(b.id)
    await writeFile(join(folder, second), 'torn')
    expect(await again.read(b.id)).toBeNull()
    expect(again.oldest).toBe(c.id)
    expect((await readdir(folder)).filter(name => name.endsWith('.damaged'))).toHaveLength(2)
    await writeFile(join(folder, 'something-else'), '')
    expect((await open()).size).toBe(1)
  })
})
