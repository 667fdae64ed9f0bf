import { codeOf, messageOf } from '#node/kit'
import { ExecutorError } from '../errors.ts'

/** What a failed operation on a file means; `doing` is a sentence's beginning: `writing /etc/motd`. Other errors stay what they are. */
export function fileError(error: unknown, doing: string): unknown {
  if (!isSystemError(error)) return error
  const [kind, meaning] = meanings[error.code] ?? ['failed', messageOf(error)]
  return new ExecutorError(kind, `${doing} is not possible: ${meaning}`, {
    cause: error,
    context: { code: error.code },
  })
}

/** Runs file operations and tells their failures in the words of executors. */
export async function telling<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fileError(error, doing)
  }
}

type Meaning = readonly ['blocked' | 'failed' | 'unsafe', string]

const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: ['blocked', 'the disk is full; make room, the next run tries again'],
  EDQUOT: ['blocked', 'the disk quota is used up; raise it or make room, the next run tries again'],
  EROFS: ['blocked', 'the file system is read-only; mount it writable'],
  EIO: ['blocked', 'the disk reports an error; look into the log of the kernel'],
  EMFILE: ['blocked', 'too many files are open; raise the limit of the agent'],
  ENFILE: ['blocked', 'too many files are open on this machine'],
  EACCES: ['blocked', 'the agent has no right to do it; start it as root'],
  EPERM: ['blocked', 'the agent has no right to do it, or the file is immutable (lsattr shows it)'],
  EBUSY: ['blocked', 'something is mounted there'],
  ENAMETOOLONG: ['failed', 'the name is too long for the file system'],
  ENOTDIR: ['failed', 'a part of the path is no directory'],
  ENOTEMPTY: ['failed', 'the directory is not empty'],
  ENOENT: ['failed', 'it went away meanwhile'],
  ELOOP: ['unsafe', 'a symbolic link was put there meanwhile'],
}

function isSystemError(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'syscall' in error && codeOf(error) !== undefined
}
