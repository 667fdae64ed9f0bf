import { ExecutorError } from '../errors.ts'
import type { ExecutorOptions } from '../executor.ts'
import { type Place, readEntry, replaceFile } from '../safe-files/index.ts'
import { MAX_CONTENTS_BYTES } from './limits.ts'

/** Name of the copy that is kept; null where none is asked for. @throws ExecutorError 'failed' */
export function backupName(name: string, backup: string | undefined, epochSeconds: number): string | null {
  if (backup === undefined || backup === '' || backup === 'false') return null
  if (backup === 'true') return `${name}.${epochSeconds}.bak`
  if (/[/\0]/.test(backup))
    throw new ExecutorError('failed', `backup '${backup}' contains a slash; it is the end of a name`)
  return name + (/^[A-Za-z0-9]/.test(backup) ? `.${backup}` : backup)
}

/** Keeps a copy of a file with its owner and mode. @throws ExecutorError */
export async function keepBackup(place: Place, backup: string | undefined, options: ExecutorOptions): Promise<void> {
  const name = backupName(place.name, backup, Math.floor(Date.now() / 1000))
  if (name === null) return
  const { contents, stats } = await readEntry(place, { signal: options.signal, maxBytes: MAX_CONTENTS_BYTES })
  const copy = { ...place, name, shown: `${place.shown} (backup ${name})` }
  await replaceFile(copy, { contents, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid }, options)
}
