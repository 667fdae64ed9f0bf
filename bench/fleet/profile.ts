import { writeFile } from 'node:fs/promises'
import { Session } from 'node:inspector/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Writes what this process does from now on, for so long, as a CPU profile. */
export async function profile({ file, durationMs }: { file: string; durationMs: number }): Promise<void> {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 200 })
    await session.post('Profiler.start')
    await sleep(durationMs)
    const { profile: found } = await session.post('Profiler.stop')
    await writeFile(file, JSON.stringify(found))
  } finally {
    session.disconnect()
  }
}

/** Writes every object of this process's heap. */
export async function heapSnapshot({ file }: { file: string }): Promise<void> {
  const { writeHeapSnapshot } = await import('node:v8')
  writeHeapSnapshot(file)
}
