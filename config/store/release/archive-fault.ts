import { messageOf } from '#node/kit'
import { ReleaseError } from './errors.ts'

type Fault = 'no-permission' | 'busy' | 'damaged' | 'disk-failed' | 'disk-full'

/** By the primary result codes of SQLite. */
const FAULTS = new Map<number, Fault>([
  [1, 'damaged'],
  [3, 'no-permission'],
  [5, 'busy'],
  [8, 'no-permission'],
  [10, 'disk-failed'],
  [11, 'damaged'],
  [13, 'disk-full'],
  [14, 'no-permission'],
  [26, 'damaged'],
])

/** What SQLite said, in words that name the file and what to do; every other error as it is. */
export function archiveFault(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error
  const fault = FAULTS.get(error.errcode & 0xff)
  if (fault === undefined) return error
  const code = fault === 'disk-failed' ? 'damaged' : fault
  return new ReleaseError(code, wordsFor(fault, path, messageOf(error)), { cause: error })
}

export function newerArchive(path: string): ReleaseError {
  return new ReleaseError('damaged', `${path} was written by a newer vigo; use that one, or move the file away`)
}

function wordsFor(fault: Fault, path: string, said: string): string {
  switch (fault) {
    case 'no-permission':
      return `not allowed to read or write ${path} (${said}); run it as a user who may publish, or mend the owner and mode`
    case 'busy':
      return `another process has held ${path} for seconds; try again when it is done`
    case 'disk-full':
      return `no space left to write ${path}; what is live did not change; free some space and try again`
    case 'disk-failed':
      return `${path} could not be read or written (${said}); what is live did not change; look after the disk and try again`
    case 'damaged':
      return `${path} is damaged (${said}): releases cannot be rolled back to. Move it away (mv ${path} ${path}.damaged) and publish; a new one is begun`
  }
}
