import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const DEFAULT_MBIT = 1000

/** Megabit per second of the fastest interface that is up and says its speed, else 1000. */
export async function linkSpeedMbit(folder = '/sys/class/net'): Promise<number> {
  let fastest = 0
  for (const name of await readdir(folder).catch(() => [])) {
    if (name === 'lo') continue
    const speed = Number(await readFile(join(folder, name, 'speed'), 'utf8').catch(() => '0'))
    if (Number.isFinite(speed) && speed > fastest) fastest = speed
  }
  return fastest > 0 ? fastest : DEFAULT_MBIT
}
