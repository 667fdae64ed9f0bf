import type { ExecutorOptions } from '../executor.ts'
import type { Machine } from '../machine.ts'
import { entryAt, findPlace, removeEntry } from '../safe-files/index.ts'

const LOCKS = ['index.lock', 'HEAD.lock', 'config.lock', 'shallow.lock']
/** Longer than git holds one while it works. */
const STALE_MS = 60 * 60_000

/** Locks that a git left that was killed: it takes its locks away whenever it ends otherwise. */
export async function removeStaleLocks(clone: string, machine: Machine, options: ExecutorOptions): Promise<void> {
  for (const name of LOCKS) {
    await using place = await findPlace(machine, `${clone}/.git/${name}`, options)
    if (place === null) return
    const entry = await entryAt(place, options)
    if (entry.kind === 'file' && Date.now() - entry.stats.mtimeMs > STALE_MS) await removeEntry(place, options)
  }
}
