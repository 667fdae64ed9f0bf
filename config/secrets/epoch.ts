import { FileLock, writeFileAtomic } from '#node/kit'
import { readPrivateFile } from './private-file.ts'

/*
 * A number in a file. It is odd while a change is under way, so that whoever read values meanwhile sees another number afterwards; a
 * change whose process was killed is closed by the next reader.
 */

export function readEpoch(path: string): number {
  const text = readPrivateFile(path, 64)
  const epoch = Number(text?.trim() ?? 0)
  return Number.isSafeInteger(epoch) && epoch >= 0 ? epoch : 0
}

/** Before the first file is changed; answers what to give to `endChange`. The lock must be held. */
export async function beginChange(path: string): Promise<number> {
  const epoch = readEpoch(path)
  const odd = epoch + (epoch % 2 === 0 ? 1 : 2)
  await writeEpoch(path, odd)
  return odd
}

/** After the last one. The lock must be held. */
export async function endChange(path: string, odd: number): Promise<void> {
  await writeEpoch(path, odd + 1)
}

/** As `readEpoch`; an odd number only while somebody has the lock. */
export async function settledEpoch(path: string, lockPath: string): Promise<number> {
  const epoch = readEpoch(path)
  if (epoch % 2 === 0) return epoch
  using lock = await FileLock.try(lockPath)
  if (lock === null) return epoch
  const now = readEpoch(path)
  if (now % 2 === 0) return now
  await endChange(path, now)
  return now + 1
}

async function writeEpoch(path: string, epoch: number): Promise<void> {
  await writeFileAtomic(path, `${epoch}\n`, { mode: 0o600 })
}
